import ByteCoding
import TestSupport
import Testing

@testable import CrashDumps

/// Which pages of generated memories are in which class.
@Suite struct PageClassTests {
  typealias Page = CrashImageBuilder.Page

  /// A struct page, and what its page is at dump level 31.
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    var isNew: Bool?
    let kind: PageClass
    let change: @Sendable (inout Page) -> Void
    var testDescription: String { name }
  }

  private static let lru: (new: UInt64, old: UInt64) = (1 << 5, 1 << 4)

  static let rows: [Row] = [
    Row(name: "plain", kind: .kept) { _ in },
    Row(name: "cache of 6.12", isNew: true, kind: .cache) { $0.flags = 1 << 5 },
    Row(name: "cache of 6.1", isNew: false, kind: .cache) { $0.flags = 1 << 4 },
    Row(name: "private", isNew: true, kind: .privateCache) { $0.flags = 1 << 5 | 1 << 14 },
    Row(name: "swap cache", isNew: true, kind: .cache) { $0.flags = 1 << 10 | 1 << 17 },
    Row(name: "half of the swap cache", isNew: true, kind: .kept) { $0.flags = 1 << 17 },
    Row(name: "anonymous", kind: .user) { $0.mapping = 0x1234_5671 },
    Row(name: "anonymous, on the LRU list", isNew: true, kind: .user) {
      ($0.flags, $0.mapping) = (1 << 5, 0x1234_5671)
    },
    Row(name: "slab of 6.12", isNew: true, kind: .kept) {
      ($0.mapCount, $0.mapping) = (0xF500_0000, 0x1234_5671)
    },
    Row(name: "slab of 6.1", isNew: false, kind: .kept) {
      ($0.flags, $0.mapping) = (1 << 9, 0x1234_5671)
    },
    Row(name: "huge page of 6.12", isNew: true, kind: .user) {
      ($0.flags, $0.mapCount) = (64, 0xF400_0000)
    },
    Row(name: "poisoned", kind: .poisoned) { $0.flags = 1 << 21 },
    Row(name: "offline of 6.12", isNew: true, kind: .offline) { $0.mapCount = 0xF100_0000 },
    Row(name: "offline of 6.1", isNew: false, kind: .offline) { $0.mapCount = 0xFFFF_FEFF },
    Row(name: "a type that is not told", isNew: true, kind: .kept) {
      ($0.mapCount, $0.flags, $0.mapping) = (0xF600_0000, 1 << 5, 1)
    },
    Row(name: "a tail", isNew: true, kind: .kept) {
      ($0.compound, $0.flags, $0.mapping) = (CrashImageBuilder.mapStart | 1, 1 << 5, 1)
    },
  ]

  /// The classes of all pages.
  static func classes(
    _ builder: CrashImageBuilder, level: DumpLevel = .all, rules: RuleSet = .all
  ) throws -> [PageClass] {
    let image = try CrashImageTests.open(builder.bytes)
    let classifier = try PageClassifier(image, level: level, rules: rules, protected: [])
    var classes: [PageClass] = []
    while try classifier.next() {
      #expect(Int(classifier.firstFrame) == classes.count)
      classes += classifier.classes.compactMap(PageClass.init)
    }
    return classes
  }

  @Test("Each kind of page has its class, and a page beside it has not", arguments: rows)
  func eachKindHasItsClass(row: Row) throws {
    for isNew in row.isNew.map({ [$0] }) ?? [true, false] {
      let frame = 0x300
      var builder = CrashImageBuilder(isNew: isNew)
      builder.set(frame, row.change)
      let classes = try Self.classes(builder)
      #expect(classes.count == 2048 && classes[frame] == row.kind)
      #expect(classes.count { $0 != .kept } == (row.kind == .kept ? 0 : 1))
    }
  }

  @Test("A level leaves out only what its bits say; bad and offline pages always")
  func levelsLeaveOutWhatTheySay() throws {
    var builder = CrashImageBuilder()
    builder.set(0x300) { $0.flags = 1 << 5 }
    builder.set(0x301) { $0.flags = 1 << 5 | 1 << 14 }
    builder.set(0x302) { $0.mapping = 1 }
    builder.set(0x303) { $0.flags = 1 << 21 }
    builder.set(0x304) { $0.mapCount = 0xF100_0000 }
    builder.set(0x400) { $0.mapCount = 0xF700_0000 }
    builder.setFree(0x310, order: 4)
    let wanted: [(UInt8, [PageClass])] = [
      (0, [.poisoned, .offline]), (1, [.poisoned, .offline]), (2, [.cache, .poisoned, .offline]),
      (4, [.cache, .privateCache, .poisoned, .offline]), (8, [.user, .poisoned, .offline]),
      (16, [.free, .unaccepted, .poisoned, .offline]),
    ]
    for (level, kinds) in wanted {
      let classes = try Self.classes(builder, level: DumpLevel(rawValue: level))
      #expect(Set(classes).subtracting([.kept]) == Set(kinds), "\(level)")
      #expect(classes.count { $0 == .free } == (level == 16 ? 16 : 0))
      #expect(classes.count { $0 == .unaccepted } == (level == 16 ? 1024 : 0))
    }
  }

  @Test("Blocks cover their pages up to the end of memory, also in the next section")
  func blocksCoverTheirPages() throws {
    var builder = CrashImageBuilder()
    // A compound page of 4 MiB that begins in the first section's last half.
    builder.set(0x300) { ($0.flags, $0.mapping) = (64, 1) }
    builder.set(0x301) { ($0.flags, $0.compound) = (8, 1) }
    builder.setFree(0x400, order: 10)
    var classes = try Self.classes(builder)
    #expect(classes[0x300..<0x400].allSatisfy { $0 == .user })
    #expect(classes[0x400..<0x800].allSatisfy { $0 == .free })
    // An impossible order keeps the block; a misaligned one is a single page.
    for order: UInt64 in [11, 64, .max] {
      builder.setFree(0x400, order: order)
      #expect(try Self.classes(builder)[0x400] == .kept)
    }
    builder.setFree(0x401, order: 1)
    builder.set(0x300) { _ in }
    builder.set(0x302) { ($0.flags, $0.mapping) = (64, 1) }
    builder.set(0x303) { ($0.flags, $0.compound) = (8, 1) }
    classes = try Self.classes(builder)
    #expect(classes.filter { $0 != .kept } == [.user] && classes[0x302] == .user)
  }

  @Test("The order of a compound page is where the release has it")
  func ordersAreWhereTheReleaseHasThem() throws {
    func userPages(_ builder: CrashImageBuilder) throws -> Int {
      try Self.classes(builder).count { $0 == .user }
    }
    var old = CrashImageBuilder(isNew: false)
    old.set(0x300) { $0.flags = 65536 }
    // compound_dtor 2 of hugetlb, and compound_order 3.
    old.set(0x301) { ($0.compound, $0.previous) = (1, 0x0302) }
    #expect(try userPages(old) == 8)
    old.set(0x301) { ($0.compound, $0.previous) = (1, 0x0301) }
    #expect(try userPages(old) == 0)
    old.set(0x301) { ($0.compound, $0.previous) = (1, 0x0302) }
    old.set("OFFSET(page.compound_dtor)", nil)
    old.set("OFFSET(page.compound_order)", nil)
    #expect(try userPages(old) == 0)
    old.set("OFFSET(folio._folio_dtor)", "80")
    old.set("OFFSET(folio._folio_order)", "81")
    #expect(try userPages(old) == 8)
    old.set("NUMBER(PG_hugetlb)", "8")
    old.set(0x301) { ($0.compound, $0.flags) = (1, 1 << 8 | 2) }
    #expect(try userPages(old) == 4)
    var new = CrashImageBuilder()
    new.set(0x300) { ($0.flags, $0.mapCount) = (64, 0xF400_0000) }
    new.set(0x301) { ($0.compound, $0.flags) = (1, 5) }
    #expect(try userPages(new) == 32)
    // From 7.2 on compound_info takes the place of compound_head.
    new.set("OFFSET(page.compound_head)", nil)
    #expect(throws: CrashImageError.missingKey("OFFSET(page.compound_head)")) {
      try Self.classes(new)
    }
    new.set("OFFSET(page.compound_info)", "8")
    #expect(try userPages(new) == 32)
  }

  @Test("Pages outside memory and pages whose struct pages are missing are not left out")
  func whatIsNotThereIsKept() throws {
    var builder = CrashImageBuilder()
    for frame in 0x300..<0x310 { builder.set(frame) { $0.mapping = 1 } }
    builder.ranges = [0x20_0000..<0x30_4000, 0x30_8000..<0x80_0000]
    var classes = try Self.classes(builder)
    #expect(classes[0x1FF] == .notMemory && classes[0x304] == .notMemory)
    #expect(classes.count { $0 == .user } == 12)
    // The memory map of pages 0x300 to 0x33F is one page.
    builder.store(UInt64(0), image: 0x3000 + 8 * 12)
    classes = try Self.classes(builder)
    #expect(classes.count { $0 == .user } == 0 && classes[0x308] == .kept)
    let image = try CrashImageTests.open(builder.bytes)
    let classification = try Classification(image, level: .all)
    #expect(classification.findings.contains(.unreadableMemoryMap(4096)))
    // Sections that are not there, or elsewhere.
    var other = CrashImageBuilder { $0.set(0x300) { $0.mapping = 1 } }
    other.store(CrashImageBuilder.mapStart | 1, image: CrashImageBuilder.sections.block)
    #expect(try Self.classes(other).count { $0 == .user } == 0)
    other.store((CrashImageBuilder.mapStart + 64) | 3, image: CrashImageBuilder.sections.block)
    #expect(try Self.classes(other).count { $0 == .user } == 0)
    other.store(CrashImageBuilder.mapStart | 3, image: CrashImageBuilder.sections.block)
    #expect(try Self.classes(other).count { $0 == .user } == 1)
    other.set("SYMBOL(vmemmap)", String(CrashImageBuilder.mapStart + 64, radix: 16))
    #expect(try Self.classes(other).count { $0 == .user } == 0)
    let elsewhere = try Classification(try CrashImageTests.open(other.bytes), level: .all)
    #expect(elsewhere.findings == [.strangeSections(2), .pagesWithoutStruct(2048)])
  }
}
