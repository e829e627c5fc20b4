internal import BootProtocols
internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// A Linux kernel and its initrds, ready for memory.
struct LinuxLayouts {
  let target: LinuxTarget
  let kernel: KernelLayout
  let initrd: InitrdLayout
}

/// Plans kexec_load of a Linux kernel, with its initrds unpacked if there is space for them.
func planLinux(
  _ segments: LinuxLayouts, request: LoadRequest, machine: Machine, placement: LoadPlacement
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  try segments.initrd.whereItFits(request) { (initrd) throws(PlanningError) in
    try planLinux(
      segments.target, segments.kernel, initrd, request: request, machine: machine,
      placement: placement)
  }
}

/// First the segments are made without addresses, then they are placed, and then their bytes are finished,
/// because they contain each other's addresses.
private func planLinux(
  _ target: LinuxTarget, _ kernel: KernelLayout, _ initrd: InitrdLayout, request: LoadRequest,
  machine: Machine, placement: LoadPlacement
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  let (bootBlock, notes) = try describeMachine(
    target, request: request, machine: machine, placement: placement,
    isRandomised: kernel.virtualShift != nil)
  let limits = PhysicalRange(
    start: PhysicalAddress(.mebibytes(1)), end: PhysicalAddress(target.addressEnd))
  var others = [
    SegmentRequirement(role: .bootBlock, byteCount: UInt64(bootBlock.byteCount), limits: limits),
    Assembly.purgatoryRoom(limits: limits),
  ]
  if initrd.byteCount > 0 {
    others.append(initrd.space(below: target.initrdEnd))
  }
  let tables = target.leavesFiveLevels ? IdentityMap(reaching: 0, hasFiveLevels: false) : nil
  if let tables {
    others.append(
      SegmentRequirement(role: .pageTables, byteCount: tables.byteCount, limits: limits))
  }
  let places = try Placements(
    kernel: kernel, others: others, in: placement.free, bounds: request.options.memoryBounds)
  let bootPlace = places.others[0]
  let initrdPlace = initrd.byteCount > 0 ? places.others[2] : nil

  let bootBytes = bootBlock.encode(at: bootPlace.start, initrd: initrd.extent(in: initrdPlace))
  var segments = kernel.segments(in: places.kernel)
  segments.append(
    PlannedSegment(role: .bootBlock, bytes: SharedBytes(bootBytes), destination: bootPlace))
  if let initrdPlace { segments += initrd.segments(in: initrdPlace) }
  let kernelEntry = places.kernel.start.value + kernel.entryOffset
  var entry = target.entry.purgatoryEntry(
    at: PhysicalAddress(kernelEntry), bootParameters: bootPlace.start)
  if let tables, let place = places.others.last {
    segments.append(
      PlannedSegment(
        role: .pageTables, bytes: SharedBytes(tables.encode(at: place.start.value)),
        destination: place))
    // The memory that these tables map, and the tables themselves, lie below 4 GiB.
    entry = .fourLevels(
      address: kernelEntry, rsi: bootPlace.start.value,
      pageTables: UInt32(truncatingIfNeeded: place.start.value))
  }
  var assembly = Assembly(
    segments: segments + placement.segments, purgatoryPlace: places.others[1], entry: entry,
    memoryUse: kernel.memoryUse + initrd.byteCount)
  assembly.virtualShift = kernel.virtualShift
  // 0 means the lowest place, which is not random.
  assembly.isDrawn = kernel.virtualShift != nil || (kernel.randomPlace ?? 0) != 0
  if request.options.isStamped, let offset = TimeStamps.textOffset(in: placement.commandLine) {
    assembly.timestampText =
      bootPlace.start.value + UInt64(BootBlock.commandLineOffset + offset)
  }
  if placement.region != nil {
    assembly.jumpBackText =
      bootPlace.start.value
      + UInt64(BootBlock.commandLineOffset + JumpBackWord.offset(in: placement.commandLine))
  }
  let load = try assembly.finish(
    request, in: placement.memory, flags: placement.flags, filling: placement.region)
  return (load, initrd.notes + notes)
}

/// Makes boot_params and what belongs to them, without addresses, and notes of what had to be left out.
private func describeMachine(
  _ target: LinuxTarget, request: LoadRequest, machine: Machine, placement: LoadPlacement,
  isRandomised: Bool
) throws(PlanningError) -> (BootBlock, [PlanNote]) {
  var notes: [PlanNote] = []
  if machine.bootParameters == nil { notes.append(.noBootParameters) }
  let screen = request.screen(on: machine)
  if screen == .withoutFramebuffer, machine.hasFirmwareFramebuffer {
    notes.append(.framebufferLost)
  }
  if request.randomSeed == nil { notes.append(.noRandomSeed) }
  if request.options.digest == .none { notes.append(.checksOff) }

  var block = BootBlock(
    header: target.header, inherited: machine.bootParameters,
    commandLine: placement.commandLine.losslessBytes, e820: E820Table(placement.memory.map),
    rsdpAddress: machine.efi?.rsdpAddress ?? 0)
  block.screen = screen
  block.isRandomised = isRandomised
  if let seed = request.randomSeed, target.understands(.randomSeed) { block.randomSeed = seed }
  block.moreSetupData = try moreSetupData(target, request: request, machine: machine)
  switch efiHandover(takesEFI: target.takesEFI, request: request, machine: machine) {
  case .success(let handover): block.efi = handover
  case .failure(let reason): notes.append(.noEFI(reason))
  case nil: break
  }
  return (block, notes)
}

extension Machine {
  /// Whether firmware has set up a framebuffer.
  fileprivate var hasFirmwareFramebuffer: Bool {
    bootParameters.map { ScreenInfo.isFramebuffer($0.loadField(BootParameters.origVideoIsVGA)) }
      ?? false
  }
}

extension PlanNote.NoEFIReason: Error {
  fileprivate init(_ refusal: EFIHandover.Refusal) {
    self =
      switch refusal {
      case .mixedMode: .mixedMode
      case .descriptorVersion(let version): .descriptorVersion(version)
      case .missing(let file): .missing(file)
      case .noRuntimeMap: .noRuntimeMap
      }
  }
}

/// The setup_data nodes that the next kernel gets: those of the running one that it must have and
/// understands, and the user's device tree, which replaces that of the running kernel.
private func moreSetupData(
  _ target: LinuxTarget, request: LoadRequest, machine: Machine
) throws(PlanningError) -> [SetupData] {
  var nodes: [SetupData] = machine.setupData.compactMap { node in
    guard let kind = SetupData.Kind(rawValue: node.type), kind.isForwarded, !node.data.isEmpty
    else { return nil }
    return SetupData(kind, node.data)
  }
  if let file = request.deviceTree {
    nodes.removeAll { $0.kind == .deviceTree }
    do {
      nodes.append(SetupData(.deviceTree, try DeviceTreeBlob.tree(in: file.bytes).array))
    } catch {
      throw .deviceTree(path: file.path, error)
    }
  }
  return nodes.filter { target.understands($0.kind) }
}

/// The EFI state to hand over, or why it cannot be handed over; nil when there is none or it is not wanted.
func efiHandover(
  takesEFI: Bool, request: LoadRequest, machine: Machine
) -> Result<EFIHandover, PlanNote.NoEFIReason>? {
  guard request.options.handsOverEFI, let efi = machine.efi, let running = machine.bootParameters,
    running.loadField(BootParameters.efiMemmapSize) != 0
  else { return nil }
  guard takesEFI else { return .failure(.kernelTooOld) }
  do {
    return .success(try EFIHandover(efi, bootParameters: running))
  } catch {
    return .failure(.init(error))
  }
}
