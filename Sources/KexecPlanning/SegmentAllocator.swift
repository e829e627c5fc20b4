internal import PhysicalMemory

/// A segment that needs space: how much, and where it may be.
struct SegmentRequirement {
  let role: PlannedSegment.Role
  /// In bytes; taken in whole pages.
  let byteCount: UInt64
  var alignment = pageSize
  let limits: PhysicalRange
}

/// Where the segments of a load go.
struct Placements {
  let kernel: PhysicalRange
  /// In the order in which they were asked for.
  let others: [PhysicalRange]

  /// Finds memory for `kernel` and the other segments, the highest first.
  ///
  /// A kernel with a random place comes last, so that it does not cut the largest hole in two; if
  /// that fails, it comes first and as high as possible, like a kernel without one.
  init(
    kernel: KernelLayout, others: [SegmentRequirement], in free: PhysicalRangeSet,
    bounds: PhysicalRange
  ) throws(PlanningError) {
    var allocator = SegmentAllocator(free: free, bounds: bounds)
    if let random = kernel.randomPlace, let high = try? allocator.take(others),
      let place = allocator.choose(
        byteCount: kernel.byteCount, alignment: kernel.alignment, limits: kernel.limits,
        random: random)
    {
      self.kernel = place
      self.others = high
    } else {
      allocator = SegmentAllocator(free: free, bounds: bounds)
      self.kernel = try allocator.take(
        SegmentRequirement(
          role: .kernel, byteCount: kernel.byteCount, alignment: kernel.alignment,
          limits: kernel.limits))
      self.others = try allocator.take(others)
    }
  }
}

/// Allocates free memory to segments.
struct SegmentAllocator {
  /// What is still free.
  private(set) var free: PhysicalRangeSet
  /// No segment leaves this range.
  let bounds: PhysicalRange

  init(free: PhysicalRangeSet, bounds: PhysicalRange) {
    self.free = free
    self.bounds = bounds
  }

  /// Allocates memory for `segments`, one after the other.
  mutating func take(_ segments: [SegmentRequirement]) throws(PlanningError) -> [PhysicalRange] {
    var places: [PhysicalRange] = []
    for segment in segments { places.append(try take(segment)) }
    return places
  }

  /// Allocates memory for a segment: whole pages, inside its limits and the user's bounds, as high as
  /// possible.
  mutating func take(_ segment: SegmentRequirement) throws(PlanningError) -> PhysicalRange {
    let requirement = requirement(
      byteCount: segment.byteCount, alignment: segment.alignment, limits: segment.limits)
    guard let place = free.place(for: requirement) else {
      throw .noRoom(
        .init(
          role: segment.role, byteCount: segment.byteCount, alignment: requirement.alignment,
          bounds: requirement.bounds, largestHole: free.largestHole(in: requirement.bounds)))
    }
    free = free.subtracting(PhysicalRangeSet([place]))
    return place
  }

  /// Allocates memory for a segment. The number `random` chooses among all possible places; nil when there is
  /// none.
  mutating func choose(
    byteCount: UInt64, alignment: UInt64, limits: PhysicalRange, random: UInt64
  ) -> PhysicalRange? {
    let requirement = requirement(byteCount: byteCount, alignment: alignment, limits: limits)
    let count = free.placeCount(for: requirement)
    guard count > 0, let place = free.place(number: random % count, for: requirement) else {
      return nil
    }
    free = free.subtracting(PhysicalRangeSet([place]))
    return place
  }

  private func requirement(
    byteCount: UInt64, alignment: UInt64, limits: PhysicalRange
  ) -> PlacementRequirement {
    let (padded, overflow) = byteCount.addingReportingOverflow(pageSize - 1)
    return PlacementRequirement(
      byteCount: overflow ? .max : padded & ~(pageSize - 1), alignment: max(alignment, pageSize),
      bounds: limits.intersection(bounds)
        ?? PhysicalRange(start: limits.start, end: limits.start))
  }
}
