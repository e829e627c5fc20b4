internal import BootProtocols
internal import ByteCoding
internal import Digests
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// Plans kexec_load of a bzImage that is entered in 64-bit mode.
///
/// Pieces are placed first, from the largest down; then their bytes can be made, because they hold
/// each other's addresses; the purgatory comes last, because it holds the digest of all others.
func planBzImage64(
  _ image: BzImage, request: LoadRequest, machine: Machine, commandLine: String
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  guard image.extendedFlags.contains(.has64BitEntry) else {
    throw .no64BitEntry(protocolVersion: image.versionText)
  }
  if request.purpose == .crash { throw .crashBySegments }
  // Kernel, boot block and purgatory, and an initrd each. Said here, before the purgatory finds
  // that it has no room for so many digests.
  let count = 3 + request.initrds.count
  guard count <= SegmentLoad.segmentLimit else { throw .invalid(.tooManySegments(count)) }
  let memory = try UsableMemory(of: machine)
  let (bootBlock, notes) = describeMachine(
    image, request: request, machine: machine, commandLine: commandLine, map: memory.map)
  let purgatory = Purgatory.x86_64

  var placement = Placement(free: memory.free, bounds: request.memoryBounds)
  let top: UInt64 = image.extendedFlags.contains(.loadableAbove4GiB) ? .max : 1 << 32
  let anywhere = PhysicalRange(start: PhysicalAddress(1 << 20), end: PhysicalAddress(top))
  let kernelPlace = try placement.take(
    .kernel, byteCount: image.initSize, alignment: image.alignment, limits: image.limits(below: top)
  )
  let bootBlockPlace = try placement.take(
    .bootBlock, byteCount: UInt64(bootBlock.byteCount), limits: anywhere)
  let purgatoryPlace = try placement.take(
    .purgatory, byteCount: UInt64(purgatory.memorySize), limits: anywhere)
  let initrds = try placeInitrds(
    request.initrds, in: &placement, below: min(top, image.initrdTop))

  let bootBytes = bootBlock.encode(at: bootBlockPlace.start, initrd: initrds.extent)
  let kernelEntry = PhysicalAddress(kernelPlace.start.value + 0x200)
  let checked =
    [
      PlannedSegment(role: .kernel, bytes: image.protectedMode, destination: kernelPlace),
      PlannedSegment(
        role: .bootBlock, bytes: SharedBytes(bootBytes), destination: bootBlockPlace),
    ] + initrds.segments
  let parameters = PurgatoryParameters(
    entry: kernelEntry, bootParameters: bootBlockPlace.start, checking: checked, request: request)
  let segments =
    checked + [
      PlannedSegment(
        role: .purgatory, bytes: try encode(purgatory, parameters), destination: purgatoryPlace)
    ]

  let load = SegmentLoad(
    entry: PhysicalAddress(purgatoryPlace.start.value + UInt64(purgatory.entryOffset)),
    kernelEntry: kernelEntry,
    segments: segments.sorted { $0.destination.start < $1.destination.start },
    flags: SegmentLoad.x86_64, memoryMap: memory.map,
    digest: request.checksSegments ? .sha256 : .none)
  do {
    try load.validate(in: memory)
  } catch {
    throw .invalid(error)
  }
  return (load, memory.notes + notes)
}

extension SegmentLoad {
  /// KEXEC_ARCH_X86_64.
  static let x86_64: UInt = 62 << 16
}

extension BzImage {
  /// Where the kernel may be loaded: it never runs below its preferred address, and one that is
  /// not relocatable runs nowhere else.
  fileprivate func limits(below top: UInt64) -> PhysicalRange {
    let start = PhysicalAddress(max(preferredAddress, 1 << 20))
    let limit = PhysicalAddress(top)
    let end = isRelocatable ? limit : start.advanced(by: initSize + pageSize - 1) ?? limit
    return PhysicalRange(
      start: start, end: max(start, min(end, limit).alignedDown(to: pageSize)))
  }
}

extension BzImage {
  /// The end of where an initrd may lie: initrd_addr_max binds kernels that want everything below
  /// 4 GiB, and no others.
  fileprivate var initrdTop: UInt64 {
    extendedFlags.contains(.loadableAbove4GiB) ? .max : initrdAddressLimit + 1
  }
}

/// Makes the boot block, all but its addresses, and says what had to be left out.
private func describeMachine(
  _ image: BzImage, request: LoadRequest, machine: Machine, commandLine: String, map: MemoryMap
) -> (BootBlock, [PlanNote]) {
  var notes: [PlanNote] = []
  if machine.bootParameters == nil { notes.append(.noBootParameters) }
  if request.randomSeed == nil { notes.append(.noRandomSeed) }
  if !request.checksSegments { notes.append(.checksOff) }

  var block = BootBlock(
    header: image.headerBytes, inherited: machine.bootParameters,
    commandLine: Array(commandLine.utf8), e820: E820Table(map),
    acpiRootPointer: machine.efi?.acpiRootPointer ?? 0)
  block.hasLostFramebuffer = machine.hasNativeGraphics
  if let seed = request.randomSeed, image.understands(.randomSeed) { block.randomSeed = seed }
  switch efiHandover(image, request: request, machine: machine) {
  case .success(let handover): block.efi = handover
  case .failure(let reason): notes.append(.noEFI(reason))
  case nil: break
  }
  return (block, notes)
}

extension BzImage {
  /// "setup_type_max": no node of a higher type may be sent. Kernels that do not say (before
  /// 2.15) pass over nodes that they do not know.
  fileprivate func understands(_ kind: SetupData.Kind) -> Bool {
    highestSetupDataType.map { kind.rawValue <= $0 & 0x7FFF_FFFF } ?? true
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

/// The EFI state to hand over, or why it cannot be; nil when there is none or it is not wanted.
private func efiHandover(
  _ image: BzImage, request: LoadRequest, machine: Machine
) -> Result<EFIHandover, PlanNote.NoEFIReason>? {
  guard request.handsOverEFI, let efi = machine.efi, let running = machine.bootParameters,
    running.loadField(BootParameters.efiMemmapSize) != 0
  else { return nil }
  guard image.extendedFlags.contains(.efiKexec) else { return .failure(.kernelTooOld) }
  do {
    return .success(try EFIHandover(efi, bootParameters: running))
  } catch {
    return .failure(.init(error))
  }
}

/// Places all initrds one after the other. Each starts at a page, so they need not be copied
/// together; the kernel skips the zeros between them.
private func placeInitrds(
  _ files: [LoadRequest.File], in placement: inout Placement, below top: UInt64
) throws(PlanningError) -> (segments: [PlannedSegment], extent: PhysicalRange?) {
  guard let last = files.last else { return ([], nil) }
  let sizes = files.map { (UInt64($0.bytes.count) + pageSize - 1) & ~(pageSize - 1) }
  let total = sizes.reduce(0, +)
  let place = try placement.take(
    .initrd(0), byteCount: total,
    limits: PhysicalRange(start: PhysicalAddress(16 << 20), end: PhysicalAddress(top)))

  var segments: [PlannedSegment] = []
  var start = place.start
  for (index, (file, size)) in zip(files, sizes).enumerated() {
    let end = PhysicalAddress(start.value + size)
    segments.append(
      PlannedSegment(
        role: .initrd(index), bytes: file.bytes,
        destination: PhysicalRange(start: start, end: end)))
    start = end
  }
  let padding = (sizes.last ?? 0) - UInt64(last.bytes.count)
  let end = PhysicalAddress(place.end.value - padding)
  return (segments, PhysicalRange(start: place.start, end: end))
}

extension PurgatoryParameters {
  /// The parameters for entering a kernel after checking the bytes of `segments`.
  ///
  /// Only the bytes from the files are checked: the kernel clears what lies behind them itself.
  fileprivate init(
    entry: PhysicalAddress, bootParameters: PhysicalAddress, checking segments: [PlannedSegment],
    request: LoadRequest
  ) {
    let checked = request.checksSegments ? segments : []
    self.init(
      entry: entry.value, bootParameters: bootParameters.value,
      digest: request.checksSegments ? .init(finishing: sha256(of: checked)) : .none,
      regions: checked.map {
        Region(start: $0.destination.start.value, byteCount: UInt64($0.bytes.count))
      },
      serial: request.serial.map { SerialConsole(port: $0.port, baud: $0.baud) },
      greets: request.serial?.greets ?? false)
  }
}

private func encode(
  _ purgatory: Purgatory, _ parameters: PurgatoryParameters
) throws(PlanningError) -> SharedBytes {
  do {
    return SharedBytes(try purgatory.encode(parameters))
  } catch {
    throw .invalid(.purgatory(error))
  }
}

private func sha256(of segments: [PlannedSegment]) -> SHA256 {
  var hash = SHA256()
  for segment in segments { hash.update(segment.bytes.span) }
  return hash
}
