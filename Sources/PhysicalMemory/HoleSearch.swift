/// What a piece wants of the memory that it is put into.
package struct PlacementWish: Equatable, Sendable {
  /// Where the search begins.
  package enum Direction: Equatable, Sendable {
    /// The lowest hole with room, at its start.
    case bottomUp
    /// The highest hole with room, at its end.
    case topDown
  }

  /// Length in bytes.
  package var byteCount: UInt64
  /// The start is a multiple of this power of two.
  package var alignment: UInt64
  /// The piece must lie inside this range.
  package var bounds: PhysicalRange
  /// Which of several places to prefer.
  package var direction: Direction

  /// A wish for `byteCount` bytes.
  package init(
    byteCount: UInt64, alignment: UInt64, bounds: PhysicalRange, direction: Direction = .topDown
  ) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.bounds = bounds
    self.direction = direction
  }
}

extension PhysicalRangeSet {
  /// The place in this set that fulfils `wish`, or nil when no range has room for it.
  package func place(for wish: PlacementWish) -> PhysicalRange? {
    let places = ranges.lazy.compactMap { $0.place(for: wish) }
    return wish.direction == .bottomUp ? places.first : places.reversed().first
  }

  /// The longest range inside `bounds`, for a message that says why nothing fits.
  package func largestHole(in bounds: PhysicalRange) -> PhysicalRange? {
    ranges.compactMap { $0.intersection(bounds) }.max { $0.byteCount < $1.byteCount }
  }
}

extension PhysicalRange {
  fileprivate func place(for wish: PlacementWish) -> PhysicalRange? {
    guard let hole = intersection(wish.bounds), hole.byteCount >= wish.byteCount,
      let lowest = hole.start.alignedUp(to: wish.alignment)
    else { return nil }
    let highest = PhysicalAddress(hole.end.value - wish.byteCount).alignedDown(to: wish.alignment)
    guard lowest <= highest else { return nil }
    return PhysicalRange(
      start: wish.direction == .bottomUp ? lowest : highest, byteCount: wish.byteCount)
  }
}
