internal import BootProtocols
internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// Plans kexec_load of a multiboot kernel.
func planMultiboot(
  _ kernel: MultibootKernel, request: LoadRequest, machine: Machine, placement: LoadPlacement
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  guard request.options.purpose == .reboot else { throw .crashNeedsLinux }
  guard request.initrds.isEmpty else { throw .initrdForOther }
  guard machine.efi == nil || !kernel.isXen else { throw .xenByMultibootOnEFI }
  let memory = placement.memory
  let shift = try shift(of: kernel, request: request, memory: memory)

  // "The command line is the kernel's path, a space and its arguments", as every loader passes it.
  let words = [request.kernel.path, placement.commandLine].filter { !$0.isEmpty }.joined(
    separator: " ")
  var information = MultibootInformation(commandLine: words.losslessBytes, memory: memory.map)
  if !machine.hasNativeGraphics {
    information.screen = machine.bootParameters.flatMap(MultibootScreen.init)
  }
  information.rsdp = machine.rsdpAddress
  if kernel.relocation != nil, let first = kernel.parts.first {
    information.loadBase = UInt32(truncatingIfNeeded: first.physicalAddress &+ shift)
  }
  let texts = request.modules.map { $0.text.losslessBytes }
  let version = kernel.version
  let described = information
  let eip = kernel.entry &+ UInt32(truncatingIfNeeded: shift)
  let load = try planFixed(
    FixedKernel(
      parts: kernel.parts, file: kernel.file, movedBy: shift,
      information: { base, ranges in
        var described = described
        described.modules = zip(ranges, texts).map { .init(range: $0, text: $1) }
        return version == .one
          ? described.encode1(at: UInt32(truncatingIfNeeded: base.value)) : described.encode2()
      },
      entry: { base in
        .protected32(
          .init(
            eip: eip,
            eax: version == .one ? MultibootInformation.magic1 : MultibootInformation.magic2,
            ebx: UInt32(truncatingIfNeeded: base.value)))
      }),
    request: request, memory: memory)
  var notes = placement.notes
  if kernel.wantsVideoMode { notes.append(.videoModeNotSet) }
  if version == .two, machine.rsdpAddress == nil { notes.append(.noRSDP) }
  if request.options.digest == .none { notes.append(.checksOff) }
  return (load, notes)
}

/// By how many bytes the kernel is moved: 0 if the memory that it was linked for is free, otherwise to the
/// lowest or highest place that its header allows.
private func shift(
  of kernel: MultibootKernel, request: LoadRequest, memory: UsableMemory
) throws(PlanningError) -> UInt64 {
  guard let relocation = kernel.relocation else { return 0 }
  let end = min(relocation.end, .gibibytes(4))
  let movable = Movable(kernel.parts, alignment: relocation.alignment, keepsOffset: false)
  // The address that it was linked for may lie outside the range that it may be moved to.
  if memory.freeWithLow.contains(movable.linked),
    request.options.memoryBounds.contains(movable.linked)
  {
    return 0
  }
  return try movable.shift(
    to: PhysicalRange(
      start: PhysicalAddress(min(relocation.lowest, end)), end: PhysicalAddress(end)),
    isLow: relocation.prefersLow, request: request, memory: memory)
}
