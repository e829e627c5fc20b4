package import Compression

/// Why a file cannot be loaded as a kernel.
package enum ImageError: Error, Equatable, Sendable {
  /// The file ends before something that it must have: the byte where that ends, and the file's.
  case truncated(missing: ImagePart, needs: Int, has: Int)
  /// Nothing in the file says what it is. The first bytes are given for the message.
  case unrecognised(firstBytes: [UInt8])
  /// A kind of image that we know and do not load.
  case unsupported(KnownImage)
  /// A field, by the name in its specification, has a value that no kernel has.
  case badField(name: String, offset: Int, found: UInt64, wanted: FieldRule)
  /// Two sections of a unified kernel image have one name; the second one's header is at `offset`.
  case repeated(section: String, offset: Int)
  /// Something is wrong with what is in a section of a unified kernel image, which is at `offset`.
  indirect case inside(section: String, offset: Int, ImageError)
}

/// A part that an image must have.
package enum ImagePart: Equatable, Sendable {
  /// The setup header of a Linux kernel.
  case setupHeader
  /// The sectors that setup_sects counts.
  case realModePart
  /// The bytes that syssize counts.
  case protectedModePart
  /// The headers of this many sections of an EFI program.
  case sectionHeaders(Int)
  /// A section of a unified kernel image.
  case section(String)
}

/// What a field may hold.
package enum FieldRule: Equatable, Sendable {
  /// A power of two.
  case powerOfTwo
  /// More than the 0x200 bytes before the 64-bit entry.
  case beyond64BitEntry
  /// An offset behind the headers, which take this many bytes.
  case behindHeaders(Int)
  /// An offset behind a section, which ends there.
  case behindSection(String, end: Int)
  /// The size of something that can be a kernel.
  case sizeOfKernel
}

/// Kinds of files that people give to a loader, recognised by content so that a message can name
/// them.
package enum KnownImage: Hashable, Sendable {
  /// A kernel of the time before the boot protocol 2.00, or a zImage.
  case zImage
  /// An x86_64 ELF file, such as vmlinux.
  case elf64
  /// An i386 ELF file.
  case elf32
  /// An ELF file of another machine or kind.
  case elfOther
  /// A multiboot 1 kernel.
  case multiboot
  /// A multiboot 2 kernel.
  case multiboot2
  /// A unified kernel image, where only a kernel may be.
  case uki
  /// An EFI program that holds no kernel that we know.
  case efiProgram
  /// A kernel for arm64 or riscv64.
  case otherImage
  /// Compressed as a whole.
  case compressed(CompressionFormat)
  /// An initrd given in the place of the kernel.
  case cpio
  /// A network boot image.
  case nbi
}
