import ByteCoding
import ELFFormat
import TestSupport
import Testing

@testable import CrashDumps

/// What is read of the headers and notes of a dump, and of its memory by the kernel's addresses.
@Suite struct CrashImageTests {
  static func open(_ bytes: [UInt8]) throws -> CrashImage {
    try CrashImage(RandomAccessFile(SharedBytes(bytes)))
  }

  private static func virtual(_ offset: Int) -> UInt64 { CrashImageBuilder.virtual(offset) }

  @Test(
    "A dump with headers of 64 or of 32 bits has its notes and its memory",
    arguments: [true, false])
  func bothWidthsAreRead(is64Bit: Bool) throws {
    var builder = CrashImageBuilder()
    builder.is64Bit = is64Bit
    let image = try Self.open(builder.bytes)
    #expect(
      image.format
        == DumpFormat(
          layout: .elf(is64Bit ? .bits64 : .bits32, segmentCount: 1), isMarkedIncomplete: false,
          missingByteCount: 0, flattenedEnd: nil))
    #expect(image.machine == 62 && image.processorCount == 2 && image.pagingLevels == 4)
    #expect(image.notes.map(\.name) == ["CORE", "CORE", "VMCOREINFO"])
    #expect(image.informationOrigin == .note && image.information.release == "6.12.0-test")
    #expect(image.frameCount == 2048 && image.endFrame == 2048)
    // By the image's rule, and by the page table.
    #expect(try image.load(UInt64.self, at: Self.virtual(0x8000)) == Self.virtual(0x9000))
    let page = try image.bytes(at: CrashImageBuilder.mapStart + 64 * 7 + 4000, count: 4096)
    let place = Int(CrashImageBuilder.imagePlace) + CrashImageBuilder.place(of: 7) + 4000
    #expect(page == Array(builder.memory[place..<(place + 4096)]))
  }

  @Test("Addresses that the kernel has not, or the dump has not, are refused")
  func missingMemoryIsRefused() throws {
    let image = try Self.open(CrashImageBuilder().bytes)
    #expect(throws: CrashImageError.notMapped(virtual: 0)) { try image.load(UInt8.self, at: 0) }
    let gap: UInt64 = 0x1234_0000_0000_0000
    #expect(throws: CrashImageError.notMapped(virtual: gap)) {
      try image.load(UInt8.self, at: gap)
    }
    // The image of a kernel is larger than the memory of this one.
    let behind = Self.virtual(0x60_0000)
    #expect(throws: CrashImageError.notInDump(physical: 0x80_0000)) {
      try image.bytes(at: behind, count: 1)
    }
    let end = CrashImageBuilder.mapStart + 0x2_0000
    #expect(throws: CrashImageError.notMapped(virtual: end)) {
      try image.bytes(at: end - 4, count: 8)
    }
    #expect(throws: CrashImageError.tooLarge(virtual: behind, count: 1 << 30)) {
      try image.bytes(at: behind, count: 1 << 30)
    }
  }

  @Test("Five levels of page tables are walked when VMCOREINFO says so")
  func fiveLevelsAreWalked() throws {
    var builder = CrashImageBuilder()
    builder.set("NUMBER(pgtable_l5_enabled)", "1")
    builder.set("SYMBOL(init_top_pgt)", String(Self.virtual(0xC000), radix: 16))
    builder.store(CrashImageBuilder.imagePlace | 3, image: 0xC000 + 8 * 511)
    let image = try Self.open(builder.bytes)
    #expect(image.pagingLevels == 5)
    #expect(try image.load(UInt32.self, at: CrashImageBuilder.mapStart + 48) == .max)
    #expect(throws: CrashImageError.self) { try image.load(UInt32.self, at: 1 << 57) }
  }

  @Test("A page that the hardware has reported as bad is never read")
  func badPagesAreNotRead() throws {
    let image = try Self.open(CrashImageBuilder().bytes)
    #expect(try image.load(UInt64.self, at: Self.virtual(0x8000)) != 0)
    image.avoid([0x208])
    #expect(throws: CrashImageError.notInDump(physical: 0x20_8000)) {
      try image.load(UInt64.self, at: Self.virtual(0x8000))
    }
    #expect(throws: CrashImageError.notInDump(physical: 0x20_8000)) {
      try image.bytes(at: Self.virtual(0x7FF8), count: 16)
    }
    #expect(try image.bytes(at: Self.virtual(0x7FF8), count: 8).count == 8)
  }

  @Test("Files that are no dump of a computer's memory are refused, and say why")
  func otherFilesAreRefused() throws {
    let complete = CrashImageBuilder().bytes
    var text = complete
    text.store(Array("#!/bin/sh\n".utf8), at: 0)
    #expect(throws: CrashImageError.otherFormat(0x732F_6E69_622F_2123)) { try Self.open(text) }
    var program = complete
    program.store(UInt16(2), as: Field<UInt16>(16))
    #expect(throws: CrashImageError.notCore(2)) { try Self.open(program) }
    var shortHeader = complete
    shortHeader.store(UInt16(8), as: Field<UInt16>(54))
    #expect(throws: CrashImageError.elf(.shortProgramHeader(8, offset: 54))) {
      try Self.open(shortHeader)
    }
    #expect(throws: CrashImageError.elf(.truncated(.programHeaders, needs: 176, has: 100))) {
      try Self.open(Array(complete[..<100]))
    }
    var arm = CrashImageBuilder()
    arm.machine = 183
    let image = try Self.open(arm.bytes)
    #expect(image.machine == 183 && image.pagingLevels == nil)
    #expect(throws: CrashImageError.otherMachine(183)) {
      try image.load(UInt8.self, at: Self.virtual(0))
    }
  }

  @Test("Without a note, VMCOREINFO is found in memory if exactly one text fits")
  func informationIsFoundInMemory() throws {
    var builder = CrashImageBuilder()
    builder.hasNote = false
    #expect(try Self.open(builder.bytes).informationOrigin == .nowhere)
    builder.storeInformation(at: 0x30_0000)
    let image = try Self.open(builder.bytes)
    #expect(image.informationOrigin == .memory(0x30_0000))
    #expect(image.information.text == builder.information)
    #expect(image.pagingLevels == 4)
    // The text of a kernel that ran before: its page table does not fit.
    var other = builder
    let keys = builder.keys
    other.set("NUMBER(phys_base)", "\(0x40_0000)")
    other.storeInformation(at: 0x10_0000)
    #expect(try Self.open(other.bytes).informationOrigin == .memory(0x30_0000))
    other.keys = keys
    other.storeInformation(at: 0x10_0000)
    #expect(try Self.open(other.bytes).informationOrigin == .nowhere)
  }

  @Test("Ranges may overlap, start inside pages, be thousands, and lack their end")
  func rangesOfAllKinds() throws {
    var builder = CrashImageBuilder()
    builder.ranges = [
      0x20_0000..<0x25_0000, 0x1000..<0x9_FC00, 0x10_0000..<0x60_0000, 0x70_0800..<0x80_0000,
    ]
    let image = try Self.open(builder.bytes)
    #expect(image.frameCount == 0x9F + 0x500 + 0x100)
    #expect(try image.load(UInt64.self, at: Self.virtual(0x8000)) == Self.virtual(0x9000))
    #expect(try image.memory.memory(from: 0xA0) == 0x100)
    #expect(try image.memory.memory(from: 0) == 1)
    #expect(try image.memory.run(at: 0x9_F000, count: 4096).count == 0xC00)

    builder.ranges = (0..<2048).map { UInt64($0) << 12..<UInt64($0 + 1) << 12 }
    builder.ranges.reverse()
    let many = try Self.open(builder.bytes)
    #expect(many.frameCount == 2048 && many.format.layout == .elf(.bits64, segmentCount: 2048))
    #expect(try many.load(UInt32.self, at: CrashImageBuilder.mapStart + 48) == .max)

    builder.ranges = [0..<0x80_0000]
    let cut = try Self.open(Array(builder.bytes.dropLast(0x1800)))
    #expect(cut.format.missingByteCount == 0x1800 && cut.frameCount == 2048)
    #expect(throws: CrashImageError.notInDump(physical: 0x7F_F000)) {
      try cut.memory.run(at: 0x7F_F000, count: 1)
    }
  }

  @Test("Values in VMCOREINFO have the form that their key needs, or count as missing")
  func valuesHaveTheirForm() {
    let text = """
      OSRELEASE=6.1
      SYMBOL(a)=ffffffff81000000
      SYMBOL(b)=0xff
      NUMBER(c)=-129
      NUMBER(d)=0xffffc90000000000
      NUMBER(e)=18446744073709551615
      NUMBER(f)=-9223372036854775809
      SIZE(g)=0
      SIZE(h)=64
      OFFSET(i)=-8
      OFFSET(j)=99999999999
      OFFSET(k)=40
      OSRELEASE=7
      no equals sign
      CRASHTIME=12
      """
    let information = VMCoreInfo(Array(text.utf8) + [0, 0, 0])
    #expect(information.release == "6.1" && information.crashTime == 12)
    #expect(information.symbol("a") == 0xFFFF_FFFF_8100_0000 && information.symbol("b") == nil)
    #expect(information.number("c") == UInt64(bitPattern: -129))
    #expect(information.number("d") == 0xFFFF_C900_0000_0000 && information.number("e") == .max)
    #expect(information.number("f") == nil)
    #expect(information.size("g") == nil && information.size("h") == 64)
    #expect(information.offset("i") == nil && information.offset("j") == nil)
    #expect(information.offset("k") == 40 && information.text.count == text.utf8.count)
  }
}
