internal import PhysicalMemory
internal import RunningSystem

/// The memory for a load, and the segments that depend on its purpose. For a reboot it is the machine's
/// memory, without such segments; for a crash kernel it is the reserved region (LoadPlacement+Crash); for a
/// kernel that can return it is a region of its own (LoadPlacement+Jump).
struct LoadPlacement {
  /// The next kernel's memory map, and where segments may be.
  let memory: UsableMemory
  /// The memory that `segments` leave free for the other segments.
  let free: PhysicalRangeSet
  /// The command line with the parameters that belong to `segments`.
  let commandLine: String
  /// What is placed already.
  let segments: [PlannedSegment]
  /// The range that the segments must fill without a gap, if there is one.
  let region: PhysicalRange?
  /// KEXEC_ bits without the architecture.
  let flags: UInt
  /// What the user should know.
  let notes: [PlanNote]

  /// The placement for `request`. `commandLine` is the user's part of the command line, of which the kernel
  /// takes `limit` bytes; the kernel must lie below `kernelEnd`.
  init(
    of request: LoadRequest, on machine: Machine, takesEFI: Bool, commandLine: String,
    limit: Int, kernelEnd: UInt64 = .max
  ) throws(PlanningError) {
    switch request.options.purpose {
    case .reboot where request.options.preservesContext:
      self = try .jump(
        of: request, on: machine, commandLine: commandLine, kernelEnd: kernelEnd)
    case .reboot:
      memory = try UsableMemory(of: machine, commandLine: KernelCommandLine(commandLine))
      free = memory.free
      self.commandLine = commandLine
      segments = []
      region = nil
      flags = 0
      notes = memory.notes
    case .crash:
      self = try .crash(
        of: request, on: machine, takesEFI: takesEFI, commandLine: commandLine, limit: limit)
    }
  }

  /// A placement with these values.
  init(
    memory: UsableMemory, free: PhysicalRangeSet, commandLine: String, segments: [PlannedSegment],
    region: PhysicalRange? = nil, flags: UInt, notes: [PlanNote]
  ) {
    self.memory = memory
    self.free = free
    self.commandLine = commandLine
    self.segments = segments
    self.region = region
    self.flags = flags
    self.notes = notes
  }
}
