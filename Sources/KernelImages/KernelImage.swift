package import ByteCoding
internal import Compression

/// What a kernel file is, read and checked as far as that can be done without a machine.
package enum KernelImage: Sendable {
  /// A Linux kernel for x86 in its own container.
  case bzImage(BzImage)
  /// A kernel with its initrd and command line in an EFI program.
  indirect case unified(UnifiedKernelImage)

  /// Recognises the image in `bytes` by its content.
  ///
  /// - Throws: `ImageError` when it is nothing that we load.
  package static func open(_ bytes: SharedBytes) throws(ImageError) -> KernelImage {
    // A kernel with an EFI stub is an EFI program, too.
    if try !BzImage.isRecognised(in: bytes), let image = try UnifiedKernelImage(bytes) {
      return .unified(image)
    }
    return try openPlain(bytes)
  }

  /// The same for an image that is in no other, or inside of one.
  static func openPlain(_ bytes: SharedBytes) throws(ImageError) -> KernelImage {
    if try BzImage.isRecognised(in: bytes) {
      return .bzImage(try BzImage(bytes))
    }
    if let known = KnownImage.recognise(bytes.span) { throw .unsupported(known) }
    if bytes.count < SetupHeader.version.end {
      throw .truncated(
        missing: .setupHeader, needs: SetupHeader.version.end, has: bytes.count)
    }
    throw .unrecognised(firstBytes: (try? bytes.slice(0..<8).array) ?? [])
  }
}

extension KnownImage {
  /// What the file that starts with `bytes` is, when its first bytes tell.
  static func recognise(_ bytes: RawSpan) -> KnownImage? {
    if let format = CompressionFormat.recognise(bytes) { return .compressed(format) }
    for (magic, offset, kind) in magics where bytes.has(magic, at: offset) { return kind }
    if bytes.has([0x7F, 0x45, 0x4C, 0x46], at: 0) { return elfKind(bytes) }
    if let multiboot = multibootKind(bytes) { return multiboot }
    if bytes.has([0x4D, 0x5A], at: 0) {
      return bytes.hasSection(named: ".linux") ? .uki : .efiProgram
    }
    return nil
  }

  private static let magics: [([UInt8], Int, KnownImage)] = [
    (Array("07070".utf8), 0, .cpio),
    ([0x36, 0x13, 0x03, 0x1B], 0, .nbi),
    (Array("ARM\u{64}".utf8), 0x38, .otherImage),
    (Array("RSC\u{05}".utf8), 0x38, .otherImage),
  ]

  private static func elfKind(_ bytes: RawSpan) -> KnownImage {
    switch try? bytes.load(UInt16.self, at: 18) {
    case 62: .elf64
    case 3: multibootKind(bytes) ?? .elf32
    default: .elfOther
    }
  }

  /// A multiboot header is a magic number, two words and a checksum in the first 8 KiB.
  private static func multibootKind(_ bytes: RawSpan) -> KnownImage? {
    var offset = 0
    while offset < min(bytes.byteCount, 8192) {
      guard let magic = try? bytes.load(UInt32.self, at: offset) else { return nil }
      if magic == 0x1BAD_B002, bytes.sumsToZero(words: 3, at: offset) { return .multiboot }
      if magic == 0xE852_50D6, bytes.sumsToZero(words: 4, at: offset) { return .multiboot2 }
      offset += 4
    }
    return nil
  }
}

extension RawSpan {
  fileprivate func has(_ magic: [UInt8], at offset: Int) -> Bool {
    for (index, byte) in magic.enumerated() {
      guard let found = try? load(UInt8.self, at: offset + index), found == byte else {
        return false
      }
    }
    return true
  }

  fileprivate func sumsToZero(words: Int, at offset: Int) -> Bool {
    var sum: UInt32 = 0
    for index in 0..<words {
      guard let word = try? load(UInt32.self, at: offset + 4 * index) else { return false }
      sum &+= word
    }
    return sum == 0
  }

  /// Whether this is a PE file with a section of that name.
  fileprivate func hasSection(named name: String) -> Bool {
    guard let header = try? PEHeader(self) else { return false }
    return (0..<header.sectionCount).contains { index in
      has(Array(name.utf8) + [0], at: header.sectionTable + 40 * index)
    }
  }
}
