/// Why a file cannot be loaded as a kernel.
package enum ImageError: Error, Equatable, Sendable {
  /// The file ends before something that it must have.
  case truncated(missing: String, needs: Int, has: Int)
  /// Nothing in the file says what it is. The first bytes are given for the message.
  case unrecognised(firstBytes: [UInt8])
  /// A kind of image that we know and do not load.
  case unsupported(KnownImage)
  /// A field has a value that no kernel has.
  case badField(name: String, offset: Int, found: UInt64, wanted: String)
}

/// Kinds of files that people give to a loader, recognised by content so that a message can name
/// them.
package enum KnownImage: String, Equatable, Sendable, CaseIterable {
  /// A kernel of the time before the boot protocol 2.00, or a zImage.
  case zImage = "a zImage (loaded low)"
  /// An x86_64 ELF file, such as vmlinux.
  case elf64 = "an x86_64 ELF file (vmlinux)"
  /// An i386 ELF file.
  case elf32 = "an i386 ELF file"
  /// An ELF file of another machine or kind.
  case elfOther = "an ELF file for another machine"
  /// A multiboot 1 kernel.
  case multiboot = "a multiboot kernel"
  /// A multiboot 2 kernel.
  case multiboot2 = "a multiboot 2 kernel"
  /// A unified kernel image.
  case uki = "a unified kernel image (UKI)"
  /// An EFI program that holds no kernel that we know.
  case efiProgram = "an EFI program"
  /// A kernel for arm64 or riscv64.
  case otherImage = "a kernel Image for arm64 or riscv64"
  /// Compressed by gzip.
  case gzip = "compressed by gzip"
  /// Compressed by xz.
  case xz = "compressed by xz"
  /// Compressed by zstd.
  case zstd = "compressed by zstd"
  /// Compressed by bzip2.
  case bzip2 = "compressed by bzip2"
  /// Compressed by lz4.
  case lz4 = "compressed by lz4"
  /// Compressed by lzma.
  case lzma = "compressed by lzma"
  /// Compressed by lzop.
  case lzo = "compressed by lzop"
  /// An initrd given in the place of the kernel.
  case cpio = "a cpio archive, as initrds are"
  /// A network boot image.
  case nbi = "an NBI image"
}
