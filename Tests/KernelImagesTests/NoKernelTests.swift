import ByteCoding
import TestSupport
import Testing

@testable import KernelImages

/// Other files that are given to a loader by mistake: the error names what each one is, and does
/// not speak of damage.
@Suite struct NoKernelTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: KnownImage?
    let file: [UInt8]

    init(_ name: String, _ kind: KnownImage?, _ file: [UInt8]) {
      testDescription = name
      self.kind = kind
      self.file = file
    }
  }

  private static func part(_ type: UInt32, _ bytes: [UInt8]) -> ELFBuilder.Part {
    var part = ELFBuilder.Part(physical: 0x40_0000, memorySize: UInt64(bytes.count), bytes: bytes)
    part.type = type
    return part
  }

  private static func note(_ name: String, _ type: UInt32, _ content: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in [UInt32(name.utf8.count + 1), UInt32(content.count), type] {
      bytes.append(littleEndian: word)
    }
    let text = Array(name.utf8) + [0]
    return bytes + text + [UInt8](repeating: 0, count: -text.count & 3) + content
  }

  private static func elf(
    is64Bit: Bool = true, _ part: ELFBuilder.Part, type: UInt16 = 2
  ) -> [UInt8] {
    ELFBuilder(is64Bit: is64Bit) {
      $0.type = type
      $0.parts.append(part)
    }.bytes()
  }

  private static let loader = "/lib64/ld-linux-x86-64.so.2"
  private static let needed: [UInt8] = [1] + [UInt8](repeating: 0, count: 15)
  /// Linux 3.2.0
  private static let abi: [UInt8] = [0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]

  static let rows: [Row] = [
    Row("a program", .userProgram(interpreter: loader), elf(part(3, Array(loader.utf8) + [0]))),
    Row(
      "a program, position-independent", .userProgram(interpreter: loader),
      elf(part(3, Array(loader.utf8) + [0]), type: 3)),
    Row(
      "a program of 32 bits", .userProgram(interpreter: "/lib/ld-linux.so.2"),
      elf(is64Bit: false, part(3, Array("/lib/ld-linux.so.2".utf8) + [0]))),
    Row("a library", .userProgram(interpreter: nil), elf(part(2, needed), type: 3)),
    Row(
      "a library of 32 bits", .userProgram(interpreter: nil),
      elf(is64Bit: false, part(2, [5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0]), type: 3)),
    Row(
      "a program without libraries", .userProgram(interpreter: nil),
      elf(part(4, note("GNU", 1, abi)))),
    Row(
      "a program by Go", .userProgram(interpreter: nil),
      elf(part(4, note("Go\u{0}", 4, [1, 2, 3, 4])))),
    // Kernels have such notes and segments, too.
    Row("FreeBSD's kernel", nil, elf(part(3, Array("/red/herring".utf8) + [0]))),
    Row("a kernel with a build's number", nil, elf(part(4, note("GNU", 3, [1, 2, 3, 4])))),
    Row("for another system than Linux", nil, elf(part(4, note("GNU", 1, [1] + abi.dropFirst())))),
    Row(
      "a position-independent kernel", nil,
      elf(part(2, [7] + [UInt8](repeating: 0, count: 31)), type: 3)),
    Row("Linux", nil, elf(ELFBuilder.linuxNote)),
    Row(
      "text", .text(start: "root:x:0:0:root:/root:/bin/bash"),
      Array("root:x:0:0:root:/root:/bin/bash\nbin:x:1\n".utf8)),
    Row(
      "a long line", .text(start: String(repeating: "ab ", count: 14).prefix(40).description),
      Array(String(repeating: "ab ", count: 900).utf8)),
    Row("text that is no ASCII", .text(start: "käse"), Array("käse\n".utf8)),
    Row("a character cut off", .text(start: "ab"), Array("ab".utf8) + [0xC3]),
    Row("a web page", .text(start: "<!DOCTYPE html>"), Array("<!DOCTYPE html>\n<p>404".utf8)),
    Row("a path", .path("/boot/vmlinuz-6.1"), Array("/boot/vmlinuz-6.1\n".utf8)),
    Row("a path of firmware's", .path("\\EFI\\Linux\\k.efi"), Array("\\EFI\\Linux\\k.efi".utf8)),
    Row("two paths", .text(start: "/boot/a"), Array("/boot/a\n/boot/b\n".utf8)),
  ]

  @Test(
    "A program, library, text or path is refused as what it is, and a kernel is accepted",
    arguments: rows)
  func namesFilesThatAreNoKernel(row: Row) {
    let result = Result { () throws(ImageError) in try KernelImage.open(SharedBytes(row.file)) }
    guard let kind = row.kind else {
      #expect(throws: Never.self) { try result.get() }
      return
    }
    #expect(throws: ImageError.unsupported(kind)) { try result.get() }
  }

  /// Bytes that a terminal would interpret are not text.
  @Test(
    "Control characters, spaces alone and empty files are not taken for text",
    arguments: [[0x1B, 0x5B, 0x32, 0x4A], [0x61, 0xC2, 0x9B, 0x32, 0x4A], [0x20, 0x0A], []])
  func controlCharactersAreNoText(bytes: [UInt8]) {
    #expect(throws: ImageError.unrecognised(firstBytes: bytes)) {
      try KernelImage.open(SharedBytes(bytes))
    }
  }

  /// A multiboot header that does not fit the file around it: in a disk image, in a Linux kernel,
  /// and in a file that is not ELF and whose header gives no addresses.
  @Test("A stray multiboot header does not turn another file into a multiboot kernel")
  func ignoresStrayMultibootHeader() throws {
    var sector = [UInt8](repeating: 0x90, count: 8192)
    sector.store([0x55, 0xAA], at: 510)
    let whole = MultibootBuilder.header1(
      flags: 1 << 16, addresses: [0x10_0000, 0x10_0000, 0x7FFF_FFFF, 0, 0x10_0000])
    let two = MultibootBuilder.header2(MultibootBuilder.tag(99, [1]))
    for header in [
      MultibootBuilder.header1(flags: 3), MultibootBuilder.header1(flags: 8), whole, two,
    ] {
      var disk = sector
      disk.store(header, at: 1024)
      #expect(throws: ImageError.unsupported(.bootSector)) {
        try KernelImage.open(SharedBytes(disk))
      }
      var linux = BzImageBuilder { $0.checksum = .absent }.bytes
      linux.store(header, at: 0x600)
      guard case .bzImage = try KernelImage.open(SharedBytes(linux)) else {
        Issue.record("another image")
        return
      }
    }
    let noELF = MultibootBuilder.header1(flags: 3) + [UInt8](repeating: 7, count: 100)
    #expect(throws: ImageError.unrecognised(firstBytes: Array(noELF[..<8]))) {
      try KernelImage.open(SharedBytes(noELF))
    }
  }
}
