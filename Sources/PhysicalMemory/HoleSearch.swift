/// What a segment requires of the memory that it is placed in.
package struct PlacementRequirement: Equatable, Sendable {
  /// Length in bytes.
  package var byteCount: UInt64
  /// The start is a multiple of this power of two.
  package var alignment: UInt64
  /// The segment must lie inside this range.
  package var bounds: PhysicalRange

  /// A requirement for `byteCount` bytes.
  package init(byteCount: UInt64, alignment: UInt64, bounds: PhysicalRange) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.bounds = bounds
  }
}

extension PhysicalRangeSet {
  /// The highest place in this set that fulfils `requirement`, or nil when no range has space for it.
  package func place(for requirement: PlacementRequirement) -> PhysicalRange? {
    ranges.lazy.compactMap { $0.starts(for: requirement) }.last.flatMap {
      PhysicalRange(start: $0.highest, byteCount: requirement.byteCount)
    }
  }

  /// How many places in this set, one alignment apart, fulfil `requirement`.
  package func placeCount(for requirement: PlacementRequirement) -> UInt64 {
    ranges.lazy.compactMap { $0.starts(for: requirement)?.count }.reduce(0, +)
  }

  /// One of the places that `placeCount(for:)` counts, by its number from the lowest, 0, up.
  package func place(number: UInt64, for requirement: PlacementRequirement) -> PhysicalRange? {
    var left = number
    for starts in ranges.lazy.compactMap({ $0.starts(for: requirement) }) {
      if left < starts.count {
        let start = PhysicalAddress(starts.lowest.value + left * requirement.alignment)
        return PhysicalRange(start: start, byteCount: requirement.byteCount)
      }
      left -= starts.count
    }
    return nil
  }

  /// The longest range inside `bounds`, for a message about why nothing fits.
  package func largestHole(in bounds: PhysicalRange) -> PhysicalRange? {
    ranges.compactMap { $0.intersection(bounds) }.max { $0.byteCount < $1.byteCount }
  }
}

/// The aligned starts inside one range where a segment would fit.
private struct Starts {
  let lowest: PhysicalAddress
  let highest: PhysicalAddress
  let alignment: UInt64

  var count: UInt64 { highest.distance(from: lowest) / alignment + 1 }
}

extension PhysicalRange {
  fileprivate func starts(for requirement: PlacementRequirement) -> Starts? {
    guard let hole = intersection(requirement.bounds), hole.byteCount >= requirement.byteCount,
      let lowest = hole.start.alignedUp(to: requirement.alignment)
    else { return nil }
    let highest = PhysicalAddress(hole.end.value - requirement.byteCount).alignedDown(
      to: requirement.alignment)
    return lowest <= highest
      ? Starts(lowest: lowest, highest: highest, alignment: requirement.alignment) : nil
  }
}
