internal import KexecABI
internal import ByteCoding
internal import PhysicalMemory
internal import RunningSystem

// A kernel that can return to the running one. At the jump the running kernel exchanges the memory of the
// segments for what is loaded, and at the return it exchanges them back; all other memory stays as it is. So
// the next kernel may touch nothing but segments: they fill a region without gaps, and the memory map names
// no other RAM.

extension SegmentLoad {
  /// The segments with zeros between them, so that they fill `region`.
  static func filling(_ region: PhysicalRange, with segments: [PlannedSegment]) -> [PlannedSegment]
  {
    let inside = segments.filter { region.contains($0.destination) }
      .sorted { $0.destination.start.value }
    var filled = segments.filter { !region.contains($0.destination) }
    if let first = inside.first, first.destination.start > region.start {
      filled.append(
        .zeros(PhysicalRange(start: region.start, end: first.destination.start)))
    }
    let ends = inside.dropFirst().map { $0.destination.start } + [region.end]
    for (segment, end) in zip(inside, ends) {
      let place = PhysicalRange(start: segment.destination.start, end: end)
      filled.append(
        PlannedSegment(
          role: segment.role, bytes: segment.bytes, destination: place,
          isChecked: segment.isChecked))
    }
    return filled
  }
}

extension PlannedSegment {
  /// Memory for the next kernel to work in.
  fileprivate static func zeros(_ place: PhysicalRange) -> PlannedSegment {
    PlannedSegment(role: .workspace, bytes: SharedBytes([]), destination: place, isChecked: false)
  }
}

extension LoadPlacement {
  /// The placement for a kernel that can return to the running one.
  ///
  /// The region is the largest free range within the user's bounds, or without bounds a range below 4 GiB
  /// that is large enough for most kernels. RAM below 640 KiB belongs to it, because processors start there.
  static func jump(
    of request: LoadRequest, on machine: Machine, commandLine: String, kernelEnd: UInt64
  ) throws(PlanningError) -> LoadPlacement {
    let line = KernelCommandLine(commandLine)
    let all = try UsableMemory(of: machine, commandLine: line)
    let region = try region(for: request, in: all.free, kernelEnd: kernelEnd)
    let own = PhysicalRangeSet([region]).union(all.low)

    var entries = all.map.entries.filter { $0.kind != .ram }
    entries += own.ranges.map { .init($0, .ram) }
    entries += all.map.ranges(of: .ram).subtracting(own).ranges.map { .init($0, .reserved) }
    let memory = UsableMemory(
      map: MemoryMap(entries), used: own, free: PhysicalRangeSet([region]), low: all.low,
      ramByteCount: all.ramByteCount, commandLine: line)
    return LoadPlacement(
      memory: memory, free: memory.free, commandLine: JumpBackWord.makingRoom(in: commandLine),
      segments: all.low.ranges.map(PlannedSegment.zeros), region: region,
      flags: SegmentFlags.preserveContext,
      notes: all.notes + [.confined(byteCount: region.byteCount)])
  }

  private static func region(
    for request: LoadRequest, in free: PhysicalRangeSet, kernelEnd: UInt64
  ) throws(PlanningError) -> PhysicalRange {
    // Old devices reach 4 GiB by DMA, and the whole region must be where the kernel can be.
    let low = PhysicalRange(
      start: PhysicalAddress(.mebibytes(1)),
      end: PhysicalAddress(max(.mebibytes(1), min(.gibibytes(4), kernelEnd))))
    let isBounded = request.options.hasMemoryBounds
    let bounds = isBounded ? request.options.memoryBounds : low
    let alignment: UInt64 = .mebibytes(2)
    let initrds = request.initrdByteCount
    // No more than is needed, because the time that the running kernel takes grows with the square of it.
    let usual = (.mebibytes(128) + 3 * initrds).roundedUp(to: alignment)
    let aligned = free.intersection(PhysicalRangeSet([bounds])).alignedInwards(to: alignment)
    let found =
      isBounded
      ? aligned.largestHole(in: bounds)
      : aligned.place(
        for: PlacementRequirement(byteCount: usual, alignment: alignment, bounds: bounds))
    guard let found else {
      throw .noRoom(
        .init(
          role: .workspace, byteCount: usual, alignment: alignment, bounds: bounds,
          largestHole: aligned.largestHole(in: bounds)))
    }
    return found
  }
}
