internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory

/// Parts of a kernel that may be moved together from the address that they were linked for.
struct Movable {
  /// The pages that they were linked for.
  let linked: PhysicalRange
  /// The address in them that is moved to a multiple of `alignment`.
  private let base: PhysicalAddress
  /// A power of two: at least a page.
  private let alignment: UInt64

  /// The parts in `list`, lowest first. Their start is moved to a multiple of `alignment` or, if they keep
  /// their offset, as far behind a multiple as it was. An `alignment` that is not a power of two is ignored.
  init(_ list: [LoadedPart], alignment: UInt64, keepsOffset: Bool) {
    self.alignment = max(alignment.isZeroOrPowerOfTwo ? alignment : 0, pageSize)
    let start = PhysicalAddress(list.first?.physicalAddress ?? 0).alignedDown(to: pageSize)
    let end = PhysicalAddress(list.last?.physicalEnd ?? 0)
    linked = PhysicalRange(start: start, end: max(start, end.alignedUp(to: pageSize) ?? end))
    base = keepsOffset ? start.alignedDown(to: self.alignment) : start
  }

  /// By how many bytes they are moved: 0 if the memory that they were linked for is free and lies inside
  /// `limits` and the user's bounds; otherwise to the lowest or the highest free place there.
  func shift(
    to limits: PhysicalRange, isLow: Bool, request: LoadRequest, memory: UsableMemory
  ) throws(PlanningError) -> UInt64 {
    let free = memory.freeWithLow
    let bounds =
      limits.intersection(request.options.memoryBounds)
      ?? PhysicalRange(start: limits.start, end: limits.start)
    if free.contains(linked), bounds.contains(linked) { return 0 }
    let requirement = PlacementRequirement(
      byteCount: linked.end.value - base.value, alignment: alignment, bounds: bounds)
    guard let place = isLow ? free.place(number: 0, for: requirement) : free.place(for: requirement)
    else {
      throw .noRoom(
        .init(
          role: .kernel, byteCount: requirement.byteCount, alignment: requirement.alignment,
          bounds: requirement.bounds,
          largestHole: free.largestHole(in: requirement.bounds)))
    }
    return place.start.value &- base.value
  }
}
