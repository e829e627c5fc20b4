internal import PhysicalMemory

/// Hands out free memory piece by piece.
struct Placement {
  /// What is still free.
  private(set) var free: PhysicalRangeSet
  /// No piece leaves this range.
  let bounds: PhysicalRange

  init(free: PhysicalRangeSet, bounds: PhysicalRange) {
    self.free = free
    self.bounds = bounds
  }

  /// Takes room for a piece: `byteCount` rounded up to pages, inside `limits` and the user's
  /// bounds, as high as possible.
  mutating func take(
    _ role: PlannedSegment.Role, byteCount: UInt64, alignment: UInt64 = pageSize,
    limits: PhysicalRange
  ) throws(PlanningError) -> PhysicalRange {
    let (padded, overflow) = byteCount.addingReportingOverflow(pageSize - 1)
    let allowed = limits.intersection(bounds)
    let wish = PlacementWish(
      byteCount: overflow ? .max : padded & ~(pageSize - 1), alignment: max(alignment, pageSize),
      bounds: allowed ?? PhysicalRange(start: limits.start, end: limits.start))
    guard let place = free.place(for: wish) else {
      throw .noRoom(
        .init(
          role: role, byteCount: byteCount, alignment: wish.alignment, bounds: wish.bounds,
          largestHole: free.largestHole(in: wish.bounds)))
    }
    free = free.subtracting(PhysicalRangeSet([place]))
    return place
  }
}
