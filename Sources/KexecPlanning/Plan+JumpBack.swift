internal import KexecABI
internal import ByteCoding
package import PhysicalMemory
internal import PurgatoryImage
package import RunningSystem

/// The word of a command line by which the purgatory tells a kernel where it can return to. The purgatory
/// has a copy of the name in its JumpBack.swift.
package let jumpBackWordName = "kexec_jump_back_entry"

/// Plans the return to the kernel that jumped to this one with KEXEC_PRESERVE_CONTEXT. The load is only a
/// purgatory that enters that kernel at `entry`.
///
/// The page tables of the running kernel do not map that kernel's memory, so the load has its own.
package func planJumpBack(
  to entry: PhysicalAddress, request: LoadRequest, on machine: Machine
) throws(PlanningError) -> LoadPlan {
  if let domain = machine.xenDomain { throw .xen(domain) }
  var request = request
  request.console = try PurgatoryConsole(request.options, on: machine)
  let memory = try UsableMemory(of: machine, commandLine: machine.commandLine)
  let tables = IdentityMap(
    reaching: entry.value, hasFiveLevels: machine.usesFiveLevelPaging)
  let limits = PhysicalRange(
    start: PhysicalAddress(.mebibytes(1)), end: PhysicalAddress(.gibibytes(4)))
  var allocator = SegmentAllocator(free: memory.free, bounds: request.options.memoryBounds)
  let places = try allocator.take([
    Assembly.purgatoryRoom(limits: limits),
    SegmentRequirement(role: .pageTables, byteCount: tables.byteCount, limits: limits),
  ])
  let assembly = Assembly(
    segments: [
      PlannedSegment(
        role: .pageTables, bytes: SharedBytes(tables.encode(at: places[1].start.value)),
        destination: places[1])
    ],
    purgatoryPlace: places[0],
    entry: .back(address: entry.value, pageTables: places[1].start.value),
    memoryUse: tables.byteCount)
  let load = try assembly.finish(request, in: memory, flags: SegmentFlags.preserveContext)
  return LoadPlan(
    request: request, kernelVersion: nil, kernelRelease: nil, imageDescription: "the way back",
    commandLine: "", action: .segments(load), reason: .needed(by: ["--load-jump-back-helper"]),
    notes: memory.notes + machine.mapNotes)
}
