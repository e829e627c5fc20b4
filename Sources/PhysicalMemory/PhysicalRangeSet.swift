internal import ByteCoding

/// A set of physical bytes, kept as sorted ranges that neither overlap nor touch.
package struct PhysicalRangeSet: Equatable, Sendable {
  /// The ranges, lowest first; none is empty, and there is a gap between any two.
  package private(set) var ranges: [PhysicalRange]

  /// All bytes of `ranges`, which may come in any order, overlap and touch.
  package init(_ ranges: some Sequence<PhysicalRange> = []) {
    self.ranges = []
    for range in ranges.sorted(by: { $0.start.value }) where !range.isEmpty {
      if let last = self.ranges.last, range.start <= last.end {
        self.ranges[self.ranges.count - 1] = PhysicalRange(
          start: last.start, end: max(last.end, range.end))
      } else {
        self.ranges.append(range)
      }
    }
  }

  /// Bytes in total.
  package var byteCount: UInt64 { ranges.reduce(0) { $0 + $1.byteCount } }

  /// Whether every byte of `range` is in the set.
  package func contains(_ range: PhysicalRange) -> Bool {
    ranges.contains { $0.contains(range) }
  }

  /// The bytes that are in both sets.
  package func intersection(_ other: PhysicalRangeSet) -> PhysicalRangeSet {
    var both: [PhysicalRange] = []
    var (mine, theirs) = (ranges[...], other.ranges[...])
    while let left = mine.first, let right = theirs.first {
      if let part = left.intersection(right) { both.append(part) }
      if left.end < right.end { mine.removeFirst() } else { theirs.removeFirst() }
    }
    return PhysicalRangeSet(both)
  }

  /// The bytes that are in this set and not in `other`.
  package func subtracting(_ other: PhysicalRangeSet) -> PhysicalRangeSet {
    var left: [PhysicalRange] = []
    var holes = other.ranges[...]
    for range in ranges {
      holes = holes.drop { $0.end <= range.start }
      var start = range.start
      for hole in holes {
        guard hole.start < range.end else { break }
        if start < hole.start { left.append(PhysicalRange(start: start, end: hole.start)) }
        start = hole.end
      }
      if start < range.end { left.append(PhysicalRange(start: start, end: range.end)) }
    }
    return PhysicalRangeSet(left)
  }

  /// The bytes that are in either set.
  package func union(_ other: PhysicalRangeSet) -> PhysicalRangeSet {
    PhysicalRangeSet(ranges + other.ranges)
  }

  /// The ranges with both ends moved inwards to multiples of `alignment`, a power of two.
  package func alignedInwards(to alignment: UInt64) -> PhysicalRangeSet {
    PhysicalRangeSet(ranges.compactMap { $0.alignedInwards(to: alignment) })
  }
}
