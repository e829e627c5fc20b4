import ByteCoding
import ELFFormat
import PhysicalMemory
import TestSupport
import Testing

@testable import CrashDumps

@Suite struct CoreHeaderTests {
  private static let header = CoreHeader(
    notes: [range(0x5E63_9400, 0x170), range(0x11F_A000, 0x1024)],
    mappings: [
      .init(virtualStart: 0xFFFF_FFFF_8460_0000, memory: range(0x3CA0_0000, 0x283_0000)),
      .init(virtualStart: 0xFFFF_8968_4010_0000, memory: range(0x10_0000, 0x4DF0_0000)),
    ])

  @Test("A 64-bit elfcorehdr has the expected bytes and is read back")
  func encodes64BitHeader() throws {
    let bytes = Self.header.encode(.bits64)
    let wanted = TestSupport.bytes(
      hex: """
        7f454c46 02 01 01 00 0000000000000000  # 64 bits, little-endian
        0400 3e00 01000000 0000000000000000    # ET_CORE, x86_64, version, entry
        4000000000000000 0000000000000000      # program headers, sections
        00000000 4000 3800 0400 0000 0000 0000 # flags, sizes, 4 program headers
        04000000 00000000 0094635e00000000     # PT_NOTE, flags, offset
        0000000000000000 0094635e00000000      # virtual, physical
        7001000000000000 7001000000000000 0000000000000000
        04000000 00000000 00a01f0100000000
        0000000000000000 00a01f0100000000
        2410000000000000 2410000000000000 0000000000000000
        01000000 07000000 0000a03c00000000     # PT_LOAD, RWX
        00006084ffffffff 0000a03c00000000
        0000830200000000 0000830200000000 0000000000000000
        01000000 07000000 0000100000000000
        000010406889ffff 0000100000000000
        0000f04d00000000 0000f04d00000000 0000000000000000
        """)
    #expect(differences(bytes, wanted) == [])
    let found = try #require(CoreSegments(bytes)).segments
    #expect(found.map(\.virtualStart) == [0xFFFF_FFFF_8460_0000, 0xFFFF_8968_4010_0000])
    #expect(found.map(\.physicalStart) == [0x3CA0_0000, 0x10_0000])
    #expect(found.map(\.offset) == found.map(\.physicalStart))
    #expect(found.map(\.byteCount) == [0x283_0000, 0x4DF0_0000])
  }

  @Test("A 32-bit elfcorehdr has the expected bytes and is not read back")
  func encodes32BitHeader() {
    let bytes = Self.header.encode(.bits32)
    let wanted = TestSupport.bytes(
      hex: """
        7f454c46 01 01 01 00 0000000000000000  # 32 bits, little-endian
        0400 3e00 01000000 00000000 34000000   # ET_CORE, x86_64, version, entry, program headers
        00000000 00000000 3400 2000 0400 0000 0000 0000
        04000000 0094635e 00000000 0094635e 70010000 70010000 00000000 00000000
        04000000 00a01f01 00000000 00a01f01 24100000 24100000 00000000 00000000
        01000000 0000a03c 00000000 0000a03c 00008302 00008302 07000000 00000000
        01000000 00001000 00000000 00001000 0000f04d 0000f04d 07000000 00000000
        """)
    #expect(differences(bytes, wanted) == [])
    // Only headers of 64 bits are parsed: those of /proc/kcore.
    #expect(CoreSegments(bytes) == nil)
  }

  @Test(
    "A 32-bit elfcorehdr holds only memory and notes below 4 GiB",
    arguments: [
      (0, 0x1_0000_0000, true), (0xFFFF_F000, 0x1000, true), (0xFFFF_F000, 0x1001, false),
      (0x1_0000_0000, 1, false),
    ] as [(UInt64, UInt64, Bool)])
  func elf32ReachesTo4GiB(start: UInt64, byteCount: UInt64, fits: Bool) {
    let memory = Self.range(start, byteCount)
    let mapped = CoreHeader(notes: [], mappings: [.init(virtualStart: 0, memory: memory)])
    let noted = CoreHeader(notes: [memory], mappings: [])
    for header in [mapped, noted] {
      #expect(header.fits(.bits32) == fits)
      #expect(header.fits(.bits64))
    }
  }

  @Test(
    "An elfcorehdr holds at most 65534 program headers",
    arguments: [(0xFFFE, true), (0xFFFF, false)])
  func limitsProgramHeaders(count: Int, fits: Bool) {
    let header = CoreHeader(
      notes: .init(repeating: Self.range(0x1000, 1), count: count), mappings: [])
    #expect(header.fits(.bits64) == fits)
  }

  private static func range(_ start: UInt64, _ byteCount: UInt64) -> PhysicalRange {
    PhysicalRange(start: PhysicalAddress(start), end: PhysicalAddress(start + byteCount))
  }
}

@Suite struct CoreSegmentsTests {
  private static let file = CoreHeader(
    notes: [],
    mappings: (0..<3).map { number in
      .init(
        virtualStart: 0x1000 * UInt64(number),
        memory: PhysicalRange(start: PhysicalAddress(0), end: PhysicalAddress(0x1000)))
    }
  ).encode(.bits64)

  /// A file that ends within its headers is refused; what follows them does not matter.
  @Test("A core file that is cut off within its headers is refused")
  func refusesTruncatedHeaders() {
    for count in 0..<Self.file.count {
      #expect(CoreSegments(Array(Self.file.prefix(count))) == nil, "\(count) bytes")
    }
    #expect(CoreSegments(Self.file)?.segments.count == 3)
    #expect(CoreSegments(Self.file + [1, 2, 3])?.segments.count == 3)
  }

  @Test(
    "An ELF file that is no valid x86_64 core file is refused",
    arguments: [
      ("another magic", 0, 0x7E), ("32 bits", 4, 1), ("an executable", 16, 2), ("arm64", 18, 183),
      ("short program headers", 54, 55), ("a table far away", 39, 0x80), ("too many", 57, 1),
    ] as [(String, Int, UInt8)])
  func refusesOtherELFFiles(name: String, offset: Int, value: UInt8) {
    var bytes = Self.file
    bytes[offset] = value
    #expect(CoreSegments(bytes) == nil)
  }
}
