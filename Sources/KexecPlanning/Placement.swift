internal import PhysicalMemory

/// A piece that needs room: how much, and where it may be.
struct PieceRoom {
  let role: PlannedSegment.Role
  /// In bytes; taken in whole pages.
  let byteCount: UInt64
  var alignment = pageSize
  let limits: PhysicalRange
}

/// Where the pieces of a load go.
struct Places {
  let kernel: PhysicalRange
  /// In the order in which they were asked for.
  let others: [PhysicalRange]

  /// Finds room for `kernel` and the pieces that come with it, the highest first.
  ///
  /// A kernel with a random place comes last, so that it does not cut the largest hole in two; if
  /// that fails, it comes first and as high as possible, like a kernel without one.
  init(
    kernel: KernelPiece, others: [PieceRoom], in free: PhysicalRangeSet, bounds: PhysicalRange
  ) throws(PlanningError) {
    var placement = Placement(free: free, bounds: bounds)
    if let random = kernel.randomPlace, let high = try? placement.take(others),
      let place = placement.choose(
        byteCount: kernel.byteCount, alignment: kernel.alignment, limits: kernel.limits,
        random: random)
    {
      self.kernel = place
      self.others = high
    } else {
      placement = Placement(free: free, bounds: bounds)
      self.kernel = try placement.take(
        PieceRoom(
          role: .kernel, byteCount: kernel.byteCount, alignment: kernel.alignment,
          limits: kernel.limits))
      self.others = try placement.take(others)
    }
  }
}

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

  /// Takes room for `pieces`, one after the other.
  mutating func take(_ pieces: [PieceRoom]) throws(PlanningError) -> [PhysicalRange] {
    var places: [PhysicalRange] = []
    for piece in pieces { places.append(try take(piece)) }
    return places
  }

  /// Takes room for a piece: whole pages, inside its limits and the user's bounds, as high as
  /// possible.
  mutating func take(_ piece: PieceRoom) throws(PlanningError) -> PhysicalRange {
    let wish = wish(
      byteCount: piece.byteCount, alignment: piece.alignment, limits: piece.limits)
    guard let place = free.place(for: wish) else {
      throw .noRoom(
        .init(
          role: piece.role, byteCount: piece.byteCount, alignment: wish.alignment,
          bounds: wish.bounds, largestHole: free.largestHole(in: wish.bounds)))
    }
    free = free.subtracting(PhysicalRangeSet([place]))
    return place
  }

  /// Takes room for a piece at the place, among all that there are, that the number `random`
  /// chooses; nil when there is none.
  mutating func choose(
    byteCount: UInt64, alignment: UInt64, limits: PhysicalRange, random: UInt64
  ) -> PhysicalRange? {
    let wish = wish(byteCount: byteCount, alignment: alignment, limits: limits)
    let count = free.placeCount(for: wish)
    guard count > 0, let place = free.place(number: random % count, for: wish) else { return nil }
    free = free.subtracting(PhysicalRangeSet([place]))
    return place
  }

  private func wish(
    byteCount: UInt64, alignment: UInt64, limits: PhysicalRange
  ) -> PlacementWish {
    let (padded, overflow) = byteCount.addingReportingOverflow(pageSize - 1)
    return PlacementWish(
      byteCount: overflow ? .max : padded & ~(pageSize - 1), alignment: max(alignment, pageSize),
      bounds: limits.intersection(bounds)
        ?? PhysicalRange(start: limits.start, end: limits.start))
  }
}
