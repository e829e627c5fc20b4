/// What a piece wants of the memory that it is put into.
package struct PlacementWish: Equatable, Sendable {
  /// Length in bytes.
  package var byteCount: UInt64
  /// The start is a multiple of this power of two.
  package var alignment: UInt64
  /// The piece must lie inside this range.
  package var bounds: PhysicalRange

  /// A wish for `byteCount` bytes.
  package init(byteCount: UInt64, alignment: UInt64, bounds: PhysicalRange) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.bounds = bounds
  }
}

extension PhysicalRangeSet {
  /// The highest place in this set that fulfils `wish`, or nil when no range has room for it.
  package func place(for wish: PlacementWish) -> PhysicalRange? {
    ranges.lazy.compactMap { $0.starts(for: wish) }.last.flatMap {
      PhysicalRange(start: $0.highest, byteCount: wish.byteCount)
    }
  }

  /// How many places in this set, one alignment apart, fulfil `wish`.
  package func placeCount(for wish: PlacementWish) -> UInt64 {
    ranges.lazy.compactMap { $0.starts(for: wish)?.count }.reduce(0, +)
  }

  /// One of the places that `placeCount(for:)` counts, by its number from the lowest, 0, up.
  package func place(number: UInt64, for wish: PlacementWish) -> PhysicalRange? {
    var left = number
    for starts in ranges.lazy.compactMap({ $0.starts(for: wish) }) {
      if left < starts.count {
        let start = PhysicalAddress(starts.lowest.value + left * wish.alignment)
        return PhysicalRange(start: start, byteCount: wish.byteCount)
      }
      left -= starts.count
    }
    return nil
  }

  /// The longest range inside `bounds`, for a message that says why nothing fits.
  package func largestHole(in bounds: PhysicalRange) -> PhysicalRange? {
    ranges.compactMap { $0.intersection(bounds) }.max { $0.byteCount < $1.byteCount }
  }
}

/// The aligned starts inside one range where a piece would fit.
private struct Starts {
  let lowest: PhysicalAddress
  let highest: PhysicalAddress
  let alignment: UInt64

  var count: UInt64 { highest.distance(from: lowest) / alignment + 1 }
}

extension PhysicalRange {
  fileprivate func starts(for wish: PlacementWish) -> Starts? {
    guard let hole = intersection(wish.bounds), hole.byteCount >= wish.byteCount,
      let lowest = hole.start.alignedUp(to: wish.alignment)
    else { return nil }
    let highest = PhysicalAddress(hole.end.value - wish.byteCount).alignedDown(to: wish.alignment)
    return lowest <= highest
      ? Starts(lowest: lowest, highest: highest, alignment: wish.alignment) : nil
  }
}
