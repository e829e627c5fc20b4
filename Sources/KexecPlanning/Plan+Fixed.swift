internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// A kernel whose parts must be at fixed addresses, and that gets a block of information when it is entered.
struct FixedKernel {
  /// What goes into memory.
  let parts: [LoadedPart]
  let file: SharedBytes
  /// By how many bytes all parts are moved from the addresses that they were linked for.
  let movedBy: UInt64
  /// The bytes of the information at this address, with the modules in these ranges. Their number depends on
  /// neither.
  let information: (PhysicalAddress, [PhysicalRange]) -> [UInt8]
  /// How the kernel is entered when the information is at this address.
  let entry: (PhysicalAddress) -> PurgatoryParameters.Entry
}

/// Plans kexec_load of a kernel with fixed addresses. Everything that it gets lies below 4 GiB, since most
/// such kernels start in 32-bit mode.
func planFixed(
  _ kernel: FixedKernel, request: LoadRequest, memory: UsableMemory
) throws(PlanningError) -> SegmentLoad {
  guard let paged = try? PagedParts(kernel.parts, in: kernel.file) else {
    throw .vmlinux(.truncated)
  }
  var segments = paged.segments(movedBy: kernel.movedBy)
  var allocator = SegmentAllocator(free: memory.freeWithLow, bounds: request.options.memoryBounds)
  try allocator.take(exactly: segments)

  let limits = PhysicalRange(
    start: PhysicalAddress(.mebibytes(1)), end: PhysicalAddress(.gibibytes(4)))
  let empty = PhysicalRange(start: limits.start, end: limits.start)
  let size = kernel.information(
    limits.start, [PhysicalRange](repeating: empty, count: request.modules.count)
  ).count
  var others = [
    SegmentRequirement(role: .bootBlock, byteCount: UInt64(size), limits: limits),
    Assembly.purgatoryRoom(limits: limits),
  ]
  others += request.modules.enumerated().map { index, module in
    SegmentRequirement(
      role: .module(index), byteCount: UInt64(module.file.bytes.count), limits: limits)
  }
  let places = try allocator.take(others)
  var ranges: [PhysicalRange] = []
  for (module, place) in zip(request.modules, places[2...]) {
    // The kernel is told the end of the file, not the end of its last page.
    ranges.append(
      PhysicalRange(
        start: place.start,
        end: PhysicalAddress(place.start.value + UInt64(module.file.bytes.count))))
    segments.append(
      PlannedSegment(
        role: .module(ranges.count - 1), bytes: module.file.bytes, destination: place))
  }
  let information = kernel.information(places[0].start, ranges)
  segments.append(
    PlannedSegment(role: .bootBlock, bytes: SharedBytes(information), destination: places[0]))
  let moduleBytes = request.modules.reduce(0) { $0 + UInt64($1.file.bytes.count) }
  return try Assembly(
    segments: segments, purgatoryPlace: places[1], entry: kernel.entry(places[0].start),
    memoryUse: UInt64(kernel.file.count) + moduleBytes
  ).finish(request, in: memory)
}
