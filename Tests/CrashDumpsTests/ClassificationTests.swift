import ByteCoding
import TestSupport
import Testing

@testable import CrashDumps

/// What confirms the classes, and that damaged dumps leave nothing out that a complete one would not.
@Suite struct ClassificationTests {
  private static func classify(
    _ builder: CrashImageBuilder, level: DumpLevel = .all
  ) throws -> Classification {
    try Classification(try CrashImageTests.open(builder.bytes), level: level)
  }

  /// A memory with pages of every class.
  static func mixed(isNew: Bool = true) -> CrashImageBuilder {
    CrashImageBuilder(isNew: isNew) { builder in
      builder.setFree(0x400, order: 10)
      builder.setFree(0x320, order: 5)
      for frame in 0x300..<0x310 { builder.set(frame) { $0.flags = isNew ? 1 << 5 : 1 << 4 } }
      for frame in 0x310..<0x318 { builder.set(frame) { $0.mapping = 0x1001 } }
      builder.setFreeCounter(1056)
    }
  }

  @Test("Pages are counted by class, and zeros among the kept ones")
  func pagesAreCounted() throws {
    for isNew in [true, false] {
      let found = try Self.classify(Self.mixed(isNew: isNew))
      #expect(found.findings == [])
      #expect(found.freeCounter == 1056 && found.tally.freeFound == 1056)
      let counts: [UInt64] = [0, 2048 - 1056 - 24, 16, 0, 8, 1056, 0, 0, 0]
      #expect(found.tally.counts == counts)
      // All but those of the image: the two between that are not used are zeros.
      var builder = Self.mixed(isNew: isNew)
      let zeros = try #require(found.zeroPages)
      builder.memory[0x10_0000] = 1
      #expect(try Self.classify(builder).zeroPages == zeros - 1)
      #expect(try Self.classify(builder, level: .free).zeroPages == nil)
    }
  }

  @Test("Free pages that the kernel has not counted keep all pages")
  func otherFreeCountKeepsAll() throws {
    var builder = Self.mixed()
    builder.setFreeCounter(1056 + 1000)
    #expect(try Self.classify(builder).findings == [])
    builder.setFreeCounter(1056 + 1001)
    let found = try Self.classify(builder)
    #expect(found.findings == [.otherFreeCount(found: 1056, counted: 2057)])
    #expect(found.tally.count(.kept) == 2048 && found.zeroPages != nil)
    builder.set("LENGTH(node_data)", nil)
    #expect(
      try Self.classify(builder).findings == [.noFreeCount(.missingKey("LENGTH(node_data)"))])
  }

  @Test("A rule that would leave out a page of the kernel itself is dropped, and the others stay")
  func rulesThatMeetTheKernelAreDropped() throws {
    var builder = Self.mixed()
    builder.set(0x200) { $0.mapping = 1 }
    let found = try Self.classify(builder)
    #expect(found.findings == [.ruleDropped(.user, pages: 1)])
    #expect(found.tally.count(.user) == 0 && found.tally.count(.cache) == 16)
    #expect(found.tally.count(.free) == 1056)
    // A page of the memory map, known without symbols.
    builder = Self.mixed()
    builder.set("SYMBOL(kallsyms_names)", nil)
    builder.set(0x212) { $0.flags = 1 << 5 }
    #expect(
      try Self.classify(builder).findings == [.noKernelSymbols, .ruleDropped(.cache, pages: 1)])
  }

  @Test("The kernel's table of symbols is read in all forms of its addresses")
  func symbolsAreRead() throws {
    var builder = CrashImageBuilder()
    func addresses() throws -> [String: UInt64] {
      let image = try CrashImageTests.open(builder.bytes)
      return try KernelSymbols(["_etext", "__end_rodata", "none"], in: image).addresses
    }
    let wanted = [
      "_etext": CrashImageBuilder.virtual(0x1000),
      "__end_rodata": CrashImageBuilder.virtual(0x3000),
    ]
    #expect(try addresses() == wanted)
    // Negative offsets count from the base downwards.
    for (index, offset) in [0, 0x1000, 0x1800, 0x6000, 0x8000, 0x2000, 0x3000].enumerated() {
      builder.store(Int32(-1 - offset), image: 0x4_4000 + 4 * index)
    }
    #expect(try addresses() == wanted)
    // From each entry's own position.
    builder.set("SYMBOL(kallsyms_relative_base)", nil)
    for (index, offset) in [0, 0x1000, 0x1800, 0x6000, 0x8000, 0x2000, 0x3000].enumerated() {
      let place = 0x4_4000 + 4 * index
      builder.store(Int32(offset - place), image: place)
    }
    #expect(try addresses() == wanted)
    builder.store(Int32(7), image: 0x4_4000)
    #expect(throws: CrashImageError.missingKey("SYMBOL(_stext)")) { try addresses() }
  }

  @Test("Free pages on a processor's lists are found if they are as many as it counts")
  func listsOfProcessorsAreFound() throws {
    var builder = Self.mixed()
    builder.setList(1, [0x350, 0x360], count: 2)
    #expect(try Self.classify(builder).perCPUFree == 2)
    // The list of order 3, and of the huge order.
    builder.setList(10, [0x370], count: 10)
    #expect(try Self.classify(builder).perCPUFree == 10)
    builder.setList(12, [0x200 - 0x200], count: 10 + 512)
    let found = try Self.classify(builder)
    #expect(found.perCPUFree == 522 && found.findings == [])
    #expect(try Self.classify(builder, level: .user).perCPUFree == 0)
    builder.store(UInt32(521), image: CrashImageBuilder.lists)
    #expect(try Self.classify(builder).perCPUFree == 0)
    // A list that does not lead back.
    builder.store(UInt32(522), image: CrashImageBuilder.lists)
    builder.set(0x360) { ($0.next, $0.previous) = (CrashImageBuilder.list(of: 0x350), 0) }
    #expect(try Self.classify(builder).perCPUFree == 0)
  }

  static let allButZero = DumpLevel.all.subtracting(.zero)

  /// Checks that what is left out of a dump is left out of the complete one, too.
  ///
  /// - Returns: whether it can be opened.
  @discardableResult
  static func check(
    _ bytes: SharedBytes, against complete: [PageClass], _ what: String
  ) -> Bool {
    guard let image = try? CrashImage(RandomAccessFile(bytes)),
      let found = try? Classification(image, level: allButZero)
    else { return false }
    guard found.findings.isEmpty || !found.rules.isEmpty,
      let classifier = try? PageClassifier(
        image, level: allButZero, rules: found.rules, protected: [])
    else { return true }
    while (try? classifier.next()) == true {
      for (index, kind) in classifier.classes.enumerated() where kind > 1 {
        let frame = Int(classifier.firstFrame) + index
        guard frame >= complete.count || !complete[frame].isExcluded else { continue }
        Issue.record("\(what): page \(frame) is left out")
        return true
      }
    }
    return true
  }

  @Test("Without any one key, nothing is left out that is kept with it")
  func missingKeysLeaveNothingOut() throws {
    for isNew in [true, false] {
      let builder = Self.mixed(isNew: isNew)
      let complete = try PageClassTests.classes(builder)
      #expect(Self.check(SharedBytes(builder.bytes), against: complete, "complete"))
      for key in builder.keys {
        var without = builder
        without.set(key.key, nil)
        Self.check(SharedBytes(without.bytes), against: complete, "without \(key.key)")
      }
    }
  }

  @Test("Wrong values of any key are survived")
  func wrongValuesAreSurvived() {
    let builder = Self.mixed()
    let values = [
      "", "0", "1", "7", "63", "64", "4095", "2147483647", "-1", "ffffffffffffffff",
      "18446744073709551615", "0xffffffff80000000", "ffffea0000000000", "x",
    ]
    var opened = 0
    for key in builder.keys {
      for value in values {
        var wrong = builder
        wrong.set(key.key, value)
        let image = try? CrashImageTests.open(wrong.bytes)
        if let image, let found = try? Classification(image, level: Self.allButZero) {
          opened += 1
          #expect(found.tally.counts.reduce(0, +) >= 2048 || found.tally.counts[0] == 0)
        }
      }
    }
    #expect(opened > 500)
  }
}
