import PhysicalMemory
import TestSupport
import Testing

@Suite struct RangeSetTests {
  /// The ranges that are inserted, in any order, and the ranges of the resulting set.
  @Test(
    "A set joins overlapping and touching ranges in any order",
    arguments: [
      ([], []),
      ([5...9, 0...4], [0...9]),  // touching
      ([0...4, 6...9], [0...4, 6...9]),
      ([0...9, 2...3], [0...9]),
      ([0...5, 3...9, 20...29, 9...10], [0...10, 20...29]),
    ] as [([ClosedRange<UInt64>], [ClosedRange<UInt64>])])
  func joinsTouchingRanges(given: [ClosedRange<UInt64>], wanted: [ClosedRange<UInt64>]) {
    #expect(set(given).ranges == wanted.map(physical))
    #expect(set(given.reversed()).ranges == wanted.map(physical))
  }

  @Test(
    "Subtraction removes from a set what lies in the other set",
    arguments: [
      ([0...9], [0...9], []),
      ([0...9], [3...5], [0...2, 6...9]),
      ([0...9], [0...0, 9...9], [1...8]),
      ([0...9, 20...29], [5...24], [0...4, 25...29]),
      ([0...9], [10...19], [0...9]),
      ([0...9], [], [0...9]),
    ] as [([ClosedRange<UInt64>], [ClosedRange<UInt64>], [ClosedRange<UInt64>])])
  func subtractsRanges(
    from: [ClosedRange<UInt64>], what: [ClosedRange<UInt64>], wanted: [ClosedRange<UInt64>]
  ) {
    #expect(set(from).subtracting(set(what)) == set(wanted))
  }

  /// Sets of ranges compared with sets of numbers, both small and random.
  @Test("Random range sets agree with sets of numbers in union, intersection and subtraction")
  func agreesWithSetsOfNumbers() {
    var generator = SplitMix(seed: SplitMix.seed(of: "sets of ranges"))
    for _ in 0..<300 {
      let left = randomRanges(&generator)
      let right = randomRanges(&generator)
      let (a, b) = (Set(left.joined()), Set(right.joined()))
      let (x, y) = (set(left), set(right))
      #expect(numbers(x.union(y)) == a.union(b))
      #expect(numbers(x.intersection(y)) == a.intersection(b))
      #expect(numbers(x.subtracting(y)) == a.subtracting(b))
      #expect(x.byteCount == UInt64(a.count))
      for range in right {
        #expect(x.contains(physical(range)) == range.allSatisfy(a.contains))
      }
      // The ranges are sorted and do not touch.
      for (lower, upper) in zip(x.ranges, x.ranges.dropFirst()) {
        #expect(lower.end < upper.start)
      }
    }
  }

  private func randomRanges(_ generator: inout SplitMix) -> [ClosedRange<UInt64>] {
    (0..<Int.random(in: 0...6, using: &generator)).map { _ in
      let start = UInt64.random(in: 0...60, using: &generator)
      return start...(start + UInt64.random(in: 0...12, using: &generator))
    }
  }

  private func numbers(_ set: PhysicalRangeSet) -> Set<UInt64> {
    Set(set.ranges.flatMap { $0.start.value..<$0.end.value })
  }
}

private func set(_ ranges: [ClosedRange<UInt64>]) -> PhysicalRangeSet {
  PhysicalRangeSet(ranges.map(physical))
}

@Suite struct HoleSearchTests {
  private let free = set([
    0x1000...0x9_EFFF, 0x10_0000...0x3F_FFFF, 0x80_0000...0x80_1FFF,
    0xFFFF_FFFF_FFFF_0000...0xFFFF_FFFF_FFFF_EFFF,
  ])

  @Test(
    "The highest hole with the right size, alignment and bounds is found",
    arguments: [
      // Simple cases: the highest hole that is large enough.
      (0x1000, 0x1000, 0...0xFFFF_FFFF, 0x80_1000),
      (0x2000, 0x1000, 0...0xFFFF_FFFF, 0x80_0000),
      (0x3000, 0x1000, 0...0xFFFF_FFFF, 0x3F_D000),
      // Alignment moves the start inwards.
      (0x1000, 0x20_0000, 0...0x7F_FFFF, 0x20_0000),
      (0x20_0000, 0x20_0000, 0...0x7F_FFFF, 0x20_0000),
      (0x20_1000, 0x20_0000, 0...0x7F_FFFF, nil),
      (0x1000, 0x10_0000, 0...0x9_FFFF, nil),
      // The bounds cut a hole.
      (0x1000, 0x1000, 0x10_1000...0x10_1FFF, 0x10_1000),
      (0x1001, 0x1000, 0x10_1000...0x10_1FFF, nil),
      (0x1000, 0x1000, 0x40_0000...0x7F_FFFF, nil),
      // At the top of the address space nothing overflows.
      (0x1000, 0x1000, 0...(.max), 0xFFFF_FFFF_FFFF_E000),
      (0xF000, 0x1000, 0...(.max), 0xFFFF_FFFF_FFFF_0000),
      (0xF001, 0x1000, 0x1_0000_0000...(.max), nil),
      (0x1000, 1 << 63, 0x1_0000_0000...(.max), nil),
      (.max, 0x1000, 0...(.max), nil),
    ] as [(UInt64, UInt64, ClosedRange<UInt64>, UInt64?)])
  func findsHighestFittingHole(
    byteCount: UInt64, alignment: UInt64, bounds: ClosedRange<UInt64>, start: UInt64?
  ) {
    let requirement = PlacementRequirement(
      byteCount: byteCount, alignment: alignment, bounds: physical(bounds))
    let place = free.place(for: requirement)
    #expect(place?.start.value == start)
    if let place { #expect(place.byteCount == byteCount) }
  }

  @Test("The largest hole is searched for and cut within the bounds")
  func largestHoleIsCutToTheBounds() {
    #expect(free.largestHole(in: physical(0...0xFFFF_FFFF)) == physical(0x10_0000...0x3F_FFFF))
    #expect(free.largestHole(in: physical(0...0x10_0FFF)) == physical(0x1000...0x9_EFFF))
    #expect(free.largestHole(in: physical(0x40_0000...0x4F_FFFF)) == nil)
  }
}

@Suite struct MemoryMapTests {
  @Test(
    "Each memory kind is known by its kernel name and by its e820 type",
    arguments: [
      ("System RAM", .ram, 1), ("Reserved", .reserved, 2), ("reserved", .reserved, 2),
      ("ACPI Tables", .acpiTables, 3), ("ACPI Non-volatile Storage", .acpiNonVolatile, 4),
      ("Unusable memory", .unusable, 5), ("Persistent Memory", .persistent, 7),
      ("Persistent Memory (legacy)", .persistentLegacy, 12),
      ("Soft Reserved", .softReserved, 0xEFFF_FFFF), ("Unknown E820 type", .reserved, 2),
      // Only exact matches count: these belong to drivers.
      ("System RAM (kmem)", .reserved, 2), ("System RAM (virtio_mem)", .reserved, 2),
      ("", .reserved, 2),
    ] as [(String, MemoryKind, UInt32)])
  func mapsNamesAndTypesToKinds(name: String, kind: MemoryKind, type: UInt32) {
    #expect(MemoryKind(kernelName: name) == kind)
    #expect(kind.e820Type == type)
    #expect(MemoryKind(e820Type: type) == kind)
  }

  @Test("An unknown e820 type is kept with its number")
  func keepsUnknownE820Types() {
    #expect(MemoryKind(e820Type: 20) == .other(20))
    #expect(MemoryKind.other(20).e820Type == 20)
  }

  @Test("RAM that overlaps with another kind of memory is not undisputed RAM")
  func overlappedRAMIsDisputed() {
    let map = MemoryMap([
      .init(physical(0x4000...0x4FFF), .reserved), .init(physical(0x1000...0x8FFF), .ram),
      .init(physical(0x9000...0x9FFF), .ram),
    ])
    #expect(map.ranges(of: .ram) == set([0x1000...0x9FFF]))
    #expect(map.undisputedRAM == set([0x1000...0x3FFF, 0x5000...0x9FFF]))
    #expect(map.entries.map(\.range.start.value) == [0x1000, 0x4000, 0x9000])
  }
}
