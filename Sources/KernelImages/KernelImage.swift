package import ByteCoding
internal import Compression
internal import ELFFormat

/// A kernel file, read and checked as far as possible without knowledge of the machine.
package enum KernelImage: Sendable {
  /// A Linux kernel for x86 in its own container.
  case bzImage(BzImage)
  /// A kernel with its initrd and command line in an EFI program.
  indirect case unified(UnifiedKernelImage)
  /// An ELF executable for i386 or x86_64.
  case elf(ELFKernel)
  /// A kernel with a multiboot header.
  case multiboot(MultibootKernel)

  /// Recognises the image in `bytes` by its content, or reads it as one of `type`. If it contains a
  /// compressed kernel, that is unpacked into at most `limit` bytes.
  ///
  /// - Throws: `ImageError` when it cannot be loaded, or is not of that type.
  package static func open(
    _ bytes: SharedBytes, as type: ImageType? = nil, unpackedLimit limit: Int = KernelFile.sizeLimit
  ) throws(ImageError) -> KernelImage {
    if let type {
      if let image = try read(bytes, as: type, limit) { return image }
      throw .otherType(wanted: type, found: try open(bytes, unpackedLimit: limit).type)
    }
    return try open(bytes, asOneOf: ImageType.allCases, limit)
  }

  /// The image inside another one.
  static func openInner(_ bytes: SharedBytes) throws(ImageError) -> KernelImage {
    // Nothing is unpacked.
    try open(bytes, asOneOf: ImageType.allCases.filter { $0 != .uki }, 0)
  }

  private static func open(
    _ bytes: SharedBytes, asOneOf types: [ImageType], _ limit: Int
  ) throws(ImageError) -> KernelImage {
    for type in types {
      if let image = try read(bytes, as: type, limit) { return image }
    }
    if let known = KnownImage.recognise(bytes.span) { throw .unsupported(known) }
    throw .unrecognised(firstBytes: (try? bytes.slice(0..<min(bytes.count, 8)).array) ?? [])
  }

  /// Its type, as `--type` names it.
  package var type: ImageType {
    switch self {
    case .bzImage(let image):
      image.extendedFlags.contains(.has64BitEntry) ? .bzImage64 : .bzImage
    case .elf(let kernel): kernel.headers.width == .bits64 ? .elf64 : .elf32
    case .multiboot(let kernel): kernel.version == .two ? .multiboot2 : .multiboot
    case .unified: .uki
    }
  }

  /// The kernel's release, such as "6.1.0-56-cloud-amd64"; nil when the file does not tell.
  package var kernelRelease: String? {
    switch self {
    case .bzImage(let image): image.release
    case .unified(let image): image.kernel.kernelRelease
    case .elf, .multiboot: nil
    }
  }

  /// Whether this is a bzImage that can be entered only in real mode.
  package var isForBIOSOnly: Bool {
    if case .bzImage(let image) = self { image.isForBIOSOnly } else { false }
  }

  /// The image in `bytes` when it is of `type`, or nil.
  private static func read(
    _ bytes: SharedBytes, as type: ImageType, _ limit: Int
  ) throws(ImageError) -> KernelImage? {
    switch type {
    case .multiboot2: return try readMultiboot(bytes, .two)
    case .multiboot: return try readMultiboot(bytes, .one)
    case .elf64: return try ELFKernel(bytes, machine: ELFLayout.Machine.x86_64).map(KernelImage.elf)
    case .elf32: return try ELFKernel(bytes, machine: ELFLayout.Machine.i386).map(KernelImage.elf)
    case .bzImage64, .bzImage:
      guard try BzImage.isRecognised(in: bytes) else { return nil }
      let image = try BzImage(bytes)
      let isOfType = type == .bzImage || image.extendedFlags.contains(.has64BitEntry)
      return isOfType ? .bzImage(image) : nil
    case .uki: return try UnifiedKernelImage(bytes, unpackedLimit: limit).map(KernelImage.unified)
    // Known by name only.
    case .nbi, .beoboot:
      if let known = KnownImage.recognise(bytes.span), known.type == type {
        throw .unsupported(known)
      }
      return nil
    }
  }

  /// The multiboot kernel in `bytes`; nil when it has no header of that version. A header that does not fit
  /// the rest of the file is ignored if the file is of another known kind, since its four bytes can occur in
  /// a disk image by chance.
  private static func readMultiboot(
    _ bytes: SharedBytes, _ version: MultibootKernel.Version
  ) throws(ImageError) -> KernelImage? {
    do {
      return try MultibootKernel(bytes, version).map(KernelImage.multiboot)
    } catch {
      let span = bytes.span
      guard !ELFHeaders.isRecognised(in: span) else { throw error }
      let isLinux = (try? span.load(SetupHeader.header)) == SetupHeader.magic
      if isLinux || KnownImage.recognise(span) != nil { return nil }
      throw error
    }
  }
}
