internal import KernelImages
internal import PhysicalMemory

/// Where the pieces of a bzImage load go.
struct Places {
  let kernel: PhysicalRange
  let bootBlock: PhysicalRange
  let purgatory: PhysicalRange
  /// nil when there is no initrd.
  let initrd: PhysicalRange?

  /// Finds room for pieces of the given sizes in bytes.
  ///
  /// A kernel with a random place comes last, so that it does not cut the largest hole in two; if
  /// that fails, it comes first and as high as possible, like a kernel without one.
  init(
    kernel: KernelPiece, bootBlock: UInt64, purgatory: UInt64, initrd: UInt64,
    in free: PhysicalRangeSet, bounds: PhysicalRange, of image: BzImage
  ) throws(PlanningError) {
    let limits = PhysicalRange(
      start: PhysicalAddress(1 << 20), end: PhysicalAddress(image.addressLimit))
    let initrdLimits = PhysicalRange(
      start: PhysicalAddress(16 << 20), end: PhysicalAddress(image.initrdAddressEnd))

    func others(_ placement: inout Placement) throws(PlanningError) -> [PhysicalRange] {
      [
        try placement.take(.bootBlock, byteCount: bootBlock, limits: limits),
        try placement.take(.purgatory, byteCount: purgatory, limits: limits),
      ]
        + (initrd == 0
          ? [] : [try placement.take(.initrd(0), byteCount: initrd, limits: initrdLimits)])
    }

    var placement = Placement(free: free, bounds: bounds)
    let rest: [PhysicalRange]
    if let random = kernel.randomPlace, let high = try? others(&placement),
      let place = placement.choose(
        byteCount: kernel.byteCount, alignment: kernel.alignment, limits: kernel.limits,
        random: random)
    {
      self.kernel = place
      rest = high
    } else {
      placement = Placement(free: free, bounds: bounds)
      self.kernel = try placement.take(
        .kernel, byteCount: kernel.byteCount, alignment: kernel.alignment, limits: kernel.limits)
      rest = try others(&placement)
    }
    self.bootBlock = rest[0]
    self.purgatory = rest[1]
    self.initrd = rest.count > 2 ? rest[2] : nil
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

  /// Takes room for a piece: `byteCount` rounded up to pages, inside `limits` and the user's
  /// bounds, as high as possible.
  mutating func take(
    _ role: PlannedSegment.Role, byteCount: UInt64, alignment: UInt64 = pageSize,
    limits: PhysicalRange
  ) throws(PlanningError) -> PhysicalRange {
    let wish = wish(byteCount: byteCount, alignment: alignment, limits: limits)
    guard let place = free.place(for: wish) else {
      throw .noRoom(
        .init(
          role: role, byteCount: byteCount, alignment: wish.alignment, bounds: wish.bounds,
          largestHole: free.largestHole(in: wish.bounds)))
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
