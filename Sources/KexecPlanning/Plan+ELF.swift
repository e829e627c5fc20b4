internal import BootProtocols
internal import ByteCoding
internal import ELFFormat
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// Plans kexec_load of an ELF executable: a Linux kernel as the linker made it, or another system's.
func planELF(
  _ kernel: ELFKernel, request: LoadRequest, machine: Machine, placement: LoadPlacement,
  inspection: inout InitrdInspection?
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  // The default of kexec-tools if the file is not a Linux kernel and the user does not say.
  let style = request.options.arguments ?? (kernel.isLinux ? .linux : .elfNotes)
  switch style {
  case .linux:
    return try planVmlinux(
      kernel, request: request, machine: machine, placement: placement, inspection: &inspection)
  case .elfNotes, .none:
    guard request.initrds.isEmpty else { throw .initrdForOther }
    guard request.modules.isEmpty else { throw .modulesForOther }
    guard request.options.purpose == .reboot else { throw .crashNeedsLinux }
    let notes = ELFBootNotes(commandLine: placement.commandLine.losslessBytes)
    let is64Bit = kernel.headers.width == .bits64
    let shift = try kernel.headers.shift(for: request, memory: placement.memory)
    let entry = kernel.headers.entry &+ shift
    let load = try planFixed(
      FixedKernel(
        parts: kernel.headers.parts, file: kernel.file, movedBy: shift,
        information: { base, _ in notes.encode(at: base.value) },
        entry: { base in
          let block = style == .none ? 0 : base.value
          let notes = style == .none ? 0 : block + UInt64(ELFBootNotes.notesOffset)
          if is64Bit { return .long(address: entry, rsi: 0, rdi: notes) }
          let stack = block + UInt64(ELFBootNotes.stackOffset)
          return .protected32(
            .init(
              eip: UInt32(truncatingIfNeeded: entry), esp: UInt32(truncatingIfNeeded: stack)))
        }),
      request: request, memory: placement.memory)
    let isAssumed = request.options.arguments == nil
    return (
      load,
      placement.notes + (isAssumed ? [.bootNotesAssumed] : [])
        + (request.options.digest == .none ? [.checksOff] : [])
    )
  }
}

extension ELFFile {
  /// By how many bytes the file is moved from the address that it was linked for. Position-independent code
  /// may be anywhere, and is often linked for address 0; other code must stay. Like kexec-tools, this takes
  /// the lowest place: below 1 MiB the code can still call the BIOS, as memtest86+ 5.01 does.
  fileprivate func shift(
    for request: LoadRequest, memory: UsableMemory
  ) throws(PlanningError) -> UInt64 {
    guard isPositionIndependent else { return 0 }
    return try Movable(parts, alignment: alignment, keepsOffset: true).shift(
      to: .init(start: UsableMemory.lowLimits.start, end: PhysicalAddress(.gibibytes(4))),
      isLow: true,
      request: request, memory: memory)
  }
}

/// Plans a vmlinux. It has the segments of a bzImage, but no setup header that describes the kernel.
private func planVmlinux(
  _ elf: ELFKernel, request: LoadRequest, machine: Machine, placement: LoadPlacement,
  inspection: inout InitrdInspection?
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  guard request.modules.isEmpty else { throw .modulesForOther }
  let line = KernelCommandLine(placement.commandLine)
  var kernel: KernelLayout
  var notes: [PlanNote] = []
  var leavesFiveLevels = false
  switch elf.headers.width {
  case .bits64:
    (kernel, notes) = try KernelLayout.vmlinux(
      elf, request: request, machine: machine, isRandomWanted: line.value(of: "nokaslr") == nil,
      free: placement.free)
    if machine.usesFiveLevelPaging {
      leavesFiveLevels = placement.canLeaveFiveLevels(request)
      notes.append(leavesFiveLevels ? .enteredWithFourLevels : .fiveLevelsUnknown)
    }
    if leavesFiveLevels {
      kernel.limits = kernel.limits.intersection(LoadPlacement.below4GiB) ?? kernel.limits
    }
  case .bits32: kernel = try KernelLayout.vmlinux32(elf)
  }
  let target = LinuxTarget(
    vmlinux: kernel.byteCount, entry: elf.headers.width == .bits64 ? .long : .protected32,
    leavesFiveLevels: leavesFiveLevels)
  let initrd = InitrdLayout(
    request, kernelSize: target.initSize, machine: machine, memory: placement.memory,
    inspection: inspection)
  inspection = initrd.inspection
  if !request.initrds.isEmpty {
    inspection?.configuration = KernelConfiguration(inside: elf.file)
  }
  let (load, more) = try planLinux(
    LinuxLayouts(target: target, kernel: kernel, initrd: initrd),
    request: request, machine: machine, placement: placement)
  return (load, placement.notes + notes + more)
}

extension LoadPlacement {
  /// The memory that is mapped by the page tables for switching from 5 levels to 4.
  fileprivate static let below4GiB = PhysicalRange(
    start: PhysicalAddress(0), end: PhysicalAddress(.gibibytes(4)))

  /// Whether a kernel in this memory can be entered with 4-level page tables. The switch goes through 32-bit
  /// mode, and a kernel that returns cannot be entered in that way.
  fileprivate func canLeaveFiveLevels(_ request: LoadRequest) -> Bool {
    !request.options.preservesContext
      && !free.intersection(PhysicalRangeSet([Self.below4GiB])).ranges.isEmpty
  }
}

extension LinuxTarget {
  /// A kernel of `byteCount` bytes that comes without a setup header.
  fileprivate init(vmlinux byteCount: UInt64, entry: LinuxEntry, leavesFiveLevels: Bool) {
    self.leavesFiveLevels = leavesFiveLevels
    header = VmlinuxHeader.bytes
    self.entry = entry
    initSize = byteCount
    highestSetupDataType = nil
    // A kernel for i386 cannot call 64-bit firmware, and reaches initrds only in its low memory.
    takesEFI = entry == .long
    addressEnd = entry == .long ? (leavesFiveLevels ? .gibibytes(4) : .max) : .gibibytes(2)
    initrdEnd = entry == .long ? .max : .mebibytes(896)
  }
}
