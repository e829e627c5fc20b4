import ByteCoding
import TestSupport
import Testing

@testable import KernelImages

@Suite struct MultibootKernelTests {
  @Test("A multiboot 1 or 2 header gives the entry and the requirements of an ELF kernel")
  func readsHeadersOfBothVersions() throws {
    let one = try kernel(ELFBuilder(is64Bit: false).bytes(head: MultibootBuilder.header1(flags: 3)))
    #expect(one.version == .one && !one.wantsVideoMode)
    #expect(one.entry == 0x10_0000 && one.parts.map(\.physicalAddress) == [0x10_0000])
    #expect(one.relocation == nil)

    let header = MultibootBuilder.header2(
      MultibootBuilder.tag(1, [4, 6]), MultibootBuilder.tag(3, [0x10_0010]),
      MultibootBuilder.tag(10, [0x20_0000, 0x3FFF_FFFF, 0x1000, 1]),
      MultibootBuilder.tag(99, optional: true, [1, 2, 3]))
    let two = try kernel(ELFBuilder(is64Bit: true).bytes(head: header))
    #expect(two.version == .two && two.entry == 0x10_0010)
    #expect(
      two.relocation
        == .init(lowest: 0x20_0000, end: 0x4000_0000, alignment: 0x1000, prefersLow: true))
  }

  @Test("The address fields of a multiboot header replace ELF headers")
  func addressFieldsReplaceELFHeaders() throws {
    // The header is at offset 0x20 of the file and at address 0x10_0010, so the first 16 bytes are
    // not loaded.
    let header = MultibootBuilder.header1(
      flags: 1 << 16, addresses: [0x10_0010, 0x10_0000, 0x10_0100, 0x10_2000, 0x10_0040])
    let file = [UInt8](repeating: 0, count: 0x20) + header + [UInt8](repeating: 7, count: 0x200)
    let kernel = try kernel(file)
    #expect(kernel.entry == 0x10_0040)
    #expect(
      kernel.parts == [
        LoadedPart(
          fileOffset: 0x10, fileSize: 0x100, physicalAddress: 0x10_0000, memorySize: 0x2000)
      ])
  }

  @Test("A multiboot kernel without an end address is loaded as a whole file")
  func loadsWholeFileWithoutEnd() throws {
    let header = MultibootBuilder.header1(
      flags: 1 << 16, addresses: [0x10_0000, 0x10_0000, 0, 0, 0x10_0020])
    let kernel = try kernel(header + [UInt8](repeating: 7, count: 0x200))
    #expect(kernel.parts[0].fileSize == header.count + 0x200)
    #expect(kernel.parts[0].memorySize == UInt64(header.count + 0x200))
  }

  struct Refusal: CustomTestStringConvertible {
    let name: String
    let error: ImageError
    let file: [UInt8]
    var testDescription: String { name }
  }

  static let body = [UInt8](repeating: 7, count: 0x200)
  static func kludge(_ addresses: [UInt32]) -> [UInt8] {
    MultibootBuilder.header1(flags: 1 << 16, addresses: addresses) + body
  }
  static func tags(_ tags: [UInt8]...) -> [UInt8] {
    ELFBuilder(is64Bit: false).bytes(
      head: MultibootBuilder.header2(tags.flatMap { $0 }))
  }

  static let refusals: [Refusal] = [
    Refusal(
      name: "a flag that must be known",
      error: .badField(name: "flags", offset: 4, found: 8, wanted: .knownFlags),
      file: MultibootBuilder.header1(flags: 8) + body),
    Refusal(
      name: "a load address above the header's",
      error: .badField(name: "load_addr", offset: 16, found: 0x10_0004, wanted: .orderedAddress),
      file: kludge([0x10_0000, 0x10_0004, 0, 0, 0x10_0000])),
    Refusal(
      name: "a load address before the file",
      error: .badField(name: "load_addr", offset: 16, found: 0xF_FFFC, wanted: .orderedAddress),
      file: kludge([0x10_0000, 0xF_FFFC, 0, 0, 0x10_0000])),
    Refusal(
      name: "an end below the start",
      error: .badField(
        name: "load_end_addr", offset: 20, found: 0x10_0000, wanted: .orderedAddress),
      file: kludge([0x10_0000, 0x10_0000, 0x10_0000, 0, 0x10_0000])),
    Refusal(
      name: "an end beyond the file",
      error: .truncated(missing: .loadedPart(0), needs: 0x1000, has: 0x220),
      file: kludge([0x10_0000, 0x10_0000, 0x10_1000, 0, 0x10_0000])),
    Refusal(
      name: "zeros that end before the bytes",
      error: .badField(name: "bss_end_addr", offset: 24, found: 0x10_0001, wanted: .orderedAddress),
      file: kludge([0x10_0000, 0x10_0000, 0x10_0100, 0x10_0001, 0x10_0000])),
    Refusal(
      name: "an entry outside",
      error: .badField(name: "entry", offset: 0, found: 0x20_0000, wanted: .insidePart),
      file: kludge([0x10_0000, 0x10_0000, 0, 0, 0x20_0000])),
    Refusal(
      name: "zeros beyond 4 GiB is impossible, a file beyond it is not",
      error: .badField(
        name: "load address", offset: 0, found: 0x1_0000_0210, wanted: .below4GiB),
      file: kludge([0xFFFF_FFF0, 0xFFFF_FFF0, 0, 0, 0xFFFF_FFF0])),
    Refusal(
      name: "another architecture",
      error: .badField(name: "architecture", offset: 4, found: 4, wanted: .i386),
      file: MultibootBuilder.header2(architecture: 4) + body),
    Refusal(
      name: "a tag that must be known",
      error: .badField(name: "tag type", offset: 104, found: 99, wanted: .knownTag),
      file: tags(MultibootBuilder.tag(99, [1]))),
    Refusal(
      name: "a request that must be known",
      error: .badField(name: "requested tag", offset: 112, found: 77, wanted: .knownTag),
      file: tags(MultibootBuilder.tag(1, [77]))),
    Refusal(
      name: "a tag without room for its fields",
      error: .badField(name: "tag size", offset: 108, found: 8, wanted: .tagSize),
      file: tags(MultibootBuilder.tag(3, []))),
    Refusal(
      name: "an alignment that is no power of two",
      error: .badField(name: "align", offset: 120, found: 3, wanted: .powerOfTwo),
      file: tags(MultibootBuilder.tag(10, [0, 0xFFFF_FFFF, 3, 0]))),
    Refusal(
      name: "a tag without a size",
      error: .badField(name: "tag size", offset: 108, found: 0, wanted: .tagSize),
      file: tags([7, 0, 1, 0, 0, 0, 0, 0])),
  ]

  @Test(
    "A multiboot header with unknown requirements or invalid fields is refused",
    arguments: refusals)
  func refusesInvalidHeaders(_ refusal: Refusal) {
    #expect(throws: refusal.error) { try KernelImage.open(SharedBytes(refusal.file)) }
  }

  /// A header must have the right checksum, be aligned, and be near the start.
  @Test("A multiboot header with a wrong checksum, alignment or offset is ignored")
  func ignoresInvalidHeader() {
    var wrong = MultibootBuilder.header1(flags: 3)
    wrong[8] ^= 1
    let good = MultibootBuilder.header1(flags: 3)
    for file in [
      wrong + Self.body, [0, 0] + good + Self.body, [UInt8](repeating: 0, count: 8192) + good,
    ] {
      let file = file + [UInt8](repeating: 0, count: 0x300)
      #expect(throws: ImageError.unrecognised(firstBytes: Array(file[..<8]))) {
        try KernelImage.open(SharedBytes(file))
      }
    }
  }

  private func kernel(_ bytes: [UInt8]) throws -> MultibootKernel {
    guard case .multiboot(let kernel) = try KernelImage.open(SharedBytes(bytes)) else {
      throw ImageError.unrecognised(firstBytes: [])
    }
    return kernel
  }
}
