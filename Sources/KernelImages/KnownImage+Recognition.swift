internal import ByteCoding
internal import Compression
internal import ELFFormat

extension KnownImage {
  /// The kind of the file with these `bytes`, if it is recognised.
  static func recognise(_ bytes: RawSpan) -> KnownImage? {
    if let format = CompressionFormat.recognise(bytes) { return .compressed(format) }
    for (magic, offset, kind) in magics where bytes.has(magic, at: offset) { return kind }
    if bytes.has([0x27, 0x05, 0x19, 0x56], at: 0) {
      return .ubootImage(machine: (try? bytes.load(UInt8.self, at: 29)).flatMap(MachineName.uboot))
    }
    if ELFHeaders.isRecognised(in: bytes) {
      return .elfOther(machine: (try? bytes.load(ELFLayout.File.machine)) ?? 0)
    }
    if PEHeader.isDOSProgram(bytes) { return program(bytes) }
    if bytes.has(Array("#!".utf8), at: 0) {
      let line = bytes.units(from: 2, limit: 256).drop { $0 == 0x20 || $0 == 0x09 }
      let name = line.prefix { (0x21...0x7E).contains($0) }
      return .script(interpreter: String(decoding: name, as: UTF8.self))
    }
    for (magic, offset, kind) in volumes where bytes.has(magic, at: offset) { return kind }
    if BootSector.isRecognised(in: bytes) { return .bootSector }
    return text(bytes)
  }

  /// Whether `bytes` start like a kernel for some machine: with a setup header of Linux, as an ELF file or
  /// an EFI program, or as an Image for arm64 or RISC-V.
  package static func startsLikeKernel(_ bytes: RawSpan) -> Bool {
    (try? bytes.load(SetupHeader.header)) == SetupHeader.magic || ELFHeaders.isRecognised(in: bytes)
      || PEHeader.isDOSProgram(bytes) || images.contains { bytes.has($0.0, at: $0.1) }
  }

  /// Its name for `--type`.
  var type: ImageType? {
    switch self {
    case .nbi: .nbi
    case .beoboot: .beoboot
    default: nil
    }
  }

  /// Images of 64-bit kernels for other machines. Documentation/arch/arm64/booting.rst,
  /// Documentation/arch/riscv/boot-image-header.rst.
  private static let images: [([UInt8], Int, KnownImage)] = [
    (Array("ARM\u{64}".utf8), 0x38, .otherImage(machine: "arm64")),
    (Array("RSC\u{05}".utf8), 0x38, .otherImage(machine: "riscv")),
  ]

  private static let magics: [([UInt8], Int, KnownImage)] =
    images + [
      (Array("07070".utf8), 0, .cpio),
      ([0x36, 0x13, 0x03, 0x1B], 0, .nbi),
      (Array("BeoB".utf8), 0, .beoboot),
      ([0x18, 0x28, 0x6F, 0x01], 0x24, .otherImage(machine: "arm")),
      ([0xD0, 0x0D, 0xFE, 0xED], 0, .deviceTree),
      (Array("KDUMP   ".utf8), 0, .coreDump), (Array("makedumpfile".utf8), 0, .coreDump),
      (Array("!<arch>\n".utf8), 0, .archive("ar")),
      (Array("PK\u{3}\u{4}".utf8), 0, .archive("zip")),
      (Array("ustar".utf8), 257, .archive("tar")), ([0xED, 0xAB, 0xEE, 0xDB], 0, .archive("RPM")),
      ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, .archive("7-Zip")),
    ]

  /// Some of these start with code or text, so they are looked for only if the file is not a kernel or a
  /// program.
  private static let volumes: [([UInt8], Int, KnownImage)] = [
    (Array("hsqs".utf8), 0, .disk("squashfs")), ([0x53, 0xEF], 0x438, .disk("ext2 to ext4")),
    (Array("CD001".utf8), 0x8001, .disk("ISO 9660")), (Array("XFSB".utf8), 0, .disk("XFS")),
    (Array("_BHRfS_M".utf8), 0x1_0040, .disk("btrfs")),
    ([0xE2, 0xE1, 0xF5, 0xE0], 1024, .disk("EROFS")),
    ([0x45, 0x3D, 0xCD, 0x28], 0, .disk("cramfs")),
    (Array("-rom1fs-".utf8), 0, .disk("romfs")),
    (Array("QFI\u{FB}".utf8.prefix(3)), 0, .disk("QCOW2")),
    (Array("KDMV".utf8), 0, .disk("VMDK")), (Array("EFI PART".utf8), 512, .disk("GPT")),
    (Array("FAT".utf8), 54, .disk("FAT")), (Array("FAT32".utf8), 82, .disk("FAT")),
    (Array("NTFS".utf8), 3, .disk("NTFS")),
  ]

  /// The kind of a file that starts like a DOS program.
  private static func program(_ bytes: RawSpan) -> KnownImage {
    let machine = (try? PEHeader(bytes))??.machine
    let isForX86 =
      machine.map { $0 == PEHeader.machineI386 || $0 == PEHeader.machineX86_64 } ?? true
    let name = isForX86 ? nil : machine.map { MachineName.pe($0) ?? "machine \($0)" }
    // Linux kernels for other machines are EFI programs too; packed ones have a mark at the start.
    if let name,
      bytes.has(Array("zimg".utf8), at: 4) || bytes.has([0xCD, 0x23, 0x82, 0x81], at: 0x38)
    {
      return .otherImage(machine: name)
    }
    return bytes.hasSection(named: ".linux") ? .uki : .efiProgram(machine: name)
  }

  /// A file of text only. It may end with zeros, since sections of programs are filled up with zeros.
  ///
  /// This looks at bytes, since functions for characters would make the program larger by a megabyte.
  private static func text(_ bytes: RawSpan) -> KnownImage? {
    var content = bytes.units(limit: 1024)
    var padding = 0
    while content.last == 0, padding < 512 {
      content.removeLast()
      padding += 1
    }
    // Firmware writes texts with 16 bits per character.
    let high = stride(from: 1, to: content.count, by: 2)
    if content.count > 2, high.allSatisfy({ content[$0] == 0 }) {
      content = stride(from: 0, to: content.count, by: 2).map { content[$0] }
    }
    content.dropCutCharacter()
    guard content.isText else { return nil }
    var line = content.prefix { $0 != 0x0A && $0 != 0x0D }
    let isOneLine = content[line.endIndex...].allSatisfy { $0 <= 0x20 }
    if isOneLine, bytes.byteCount < 1024, line.first == 0x2F || line.first == 0x5C {
      return .path(String(decoding: line, as: UTF8.self))
    }
    var start = Array(line.prefix(40))
    if start.count < line.count { start.dropCutCharacter() }
    line = start[...]
    return .text(
      start: String(decoding: line.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self))
  }
}

extension [UInt8] {
  /// Removes an incomplete character at the end.
  fileprivate mutating func dropCutCharacter() {
    var end = count
    while end > 0, count - end < 3, (self[end - 1] & 0xC0) == 0x80 { end -= 1 }
    guard end > 0, self[end - 1] >= 0xC0 else { return }
    let size = self[end - 1] >= 0xF0 ? 4 : self[end - 1] >= 0xE0 ? 3 : 2
    if count - end + 1 < size { removeLast(count - end + 1) }
  }

  /// Whether they are text that may be printed: UTF-8 that is not empty, and without the two sets of control
  /// characters, which a terminal would obey.
  fileprivate var isText: Bool {
    guard contains(where: { $0 > 0x20 }),
      allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) })
    else { return false }
    for (first, second) in zip(self, dropFirst()) where first == 0xC2 && second < 0xA0 {
      return false
    }
    return String(decoding: self, as: UTF8.self).utf8.elementsEqual(self)
  }
}

extension RawSpan {
  /// Whether `magic` is at `offset`.
  fileprivate func has(_ magic: [UInt8], at offset: Int) -> Bool {
    for (index, byte) in magic.enumerated() {
      guard let found = try? load(UInt8.self, at: offset + index), found == byte else {
        return false
      }
    }
    return true
  }

  /// The first bytes, `limit` of them or all.
  fileprivate func units(from start: Int = 0, limit: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < limit, let byte = try? load(UInt8.self, at: start + bytes.count) {
      bytes.append(byte)
    }
    return bytes
  }

  /// Whether this is a PE file with a section of that name.
  fileprivate func hasSection(named name: String) -> Bool {
    guard let header = try? PEHeader(self) else { return false }
    return (0..<header.sectionCount).contains { index in
      has(Array(name.utf8) + [0], at: header.sectionTable + PEHeader.sectionHeaderSize * index)
    }
  }
}
