internal import BootProtocols
internal import ByteCoding
internal import Digests
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem
internal import Threads

/// Plans kexec_load of a bzImage that is entered in 64-bit mode.
///
/// The pieces are made first, without their addresses; then they are placed; then their bytes can
/// be finished, because they hold each other's addresses; the purgatory comes last, because it
/// holds the digest of all others.
func planBzImage64(
  _ image: BzImage, request: LoadRequest, machine: Machine, commandLine: String
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  guard image.extendedFlags.contains(.has64BitEntry) else {
    throw .no64BitEntry(protocolVersion: image.versionText)
  }
  if request.purpose == .crash { throw .crashBySegments }
  let line = KernelCommandLine(commandLine)
  let memory = try UsableMemory(of: machine, commandLine: line)

  let (kernel, initrd, unpackNotes) = unpackPieces(
    image, request: request, machine: machine, commandLine: line, memory: memory)
  let (bootBlock, bootNotes) = describeMachine(
    image, request: request, machine: machine, commandLine: commandLine, map: memory.map,
    isRandomised: kernel.isRandomised)
  let purgatory = Purgatory.x86_64
  let places = try Places(
    kernel: kernel, bootBlock: UInt64(bootBlock.byteCount),
    purgatory: UInt64(purgatory.memorySize), initrd: initrd.byteCount, in: memory.free,
    bounds: request.memoryBounds, of: image)

  let bootBytes = bootBlock.encode(at: places.bootBlock.start, initrd: initrd.extent(in: places))
  let kernelEntry = PhysicalAddress(places.kernel.start.value + kernel.entryOffset)
  var segments = kernel.segments(in: places.kernel)
  segments.append(
    PlannedSegment(
      role: .bootBlock, bytes: SharedBytes(bootBytes), destination: places.bootBlock))
  if let place = places.initrd { segments += initrd.segments(in: place) }
  var parameters = PurgatoryParameters(
    entry: kernelEntry, bootParameters: places.bootBlock.start, checking: segments,
    request: request)
  if request.stamps != nil, let offset = TimeStamps.textOffset(in: commandLine) {
    parameters.timestampText =
      places.bootBlock.start.value + UInt64(BootBlock.commandLineOffset + offset)
  }
  segments.append(
    PlannedSegment(
      role: .purgatory, bytes: try encode(purgatory, parameters), destination: places.purgatory))

  let load = SegmentLoad(
    entry: PhysicalAddress(places.purgatory.start.value + UInt64(purgatory.entryOffset)),
    kernelEntry: kernelEntry,
    segments: segments.sorted { $0.destination.start < $1.destination.start },
    flags: SegmentLoad.x86_64, memoryMap: memory.map,
    digest: request.digest,
    expectedPeak: kernel.memoryUse + initrd.byteCount + SegmentLoad.programSize)
  do {
    try load.validate(in: memory)
  } catch {
    throw .invalid(error)
  }
  return (load, memory.notes + unpackNotes + bootNotes)
}

extension SegmentLoad {
  /// KEXEC_ARCH_X86_64.
  static let x86_64: UInt = 62 << 16
  /// Bytes of memory that the program itself takes, measured.
  fileprivate static let programSize: UInt64 = 8 << 20
}

/// The kernel and the initrd, unpacked side by side where that is wanted and safe.
private func unpackPieces(
  _ image: BzImage, request: LoadRequest, machine: Machine, commandLine: KernelCommandLine,
  memory: UsableMemory
) -> (KernelPiece, InitrdPiece, [PlanNote]) {
  let (unpacked, initrd) = sideBySide {
    () -> Result<(KernelPiece, [PlanNote]), OrdinaryEntryReason> in
    do throws(OrdinaryEntryReason) {
      return .success(
        try KernelPiece.unpack(image, request: request, machine: machine, commandLine: commandLine))
    } catch {
      return .failure(error)
    }
  } _: {
    InitrdPiece(request, image: image, machine: machine, memory: memory)
  }
  switch unpacked {
  case .success(let (kernel, notes)): return (kernel, initrd, notes + initrd.notes)
  case .failure(let reason):
    return (KernelPiece(packed: image), initrd, [.ordinaryEntry(reason)] + initrd.notes)
  }
}

/// Makes the boot block, all but its addresses, and says what had to be left out.
private func describeMachine(
  _ image: BzImage, request: LoadRequest, machine: Machine, commandLine: String, map: MemoryMap,
  isRandomised: Bool
) -> (BootBlock, [PlanNote]) {
  var notes: [PlanNote] = []
  if machine.bootParameters == nil { notes.append(.noBootParameters) }
  if machine.hasNativeGraphics, machine.hasFirmwareFramebuffer { notes.append(.framebufferLost) }
  if request.randomSeed == nil { notes.append(.noRandomSeed) }
  if request.digest == .none { notes.append(.checksOff) }

  var block = BootBlock(
    header: image.headerBytes, inherited: machine.bootParameters,
    commandLine: Array(commandLine.utf8), e820: E820Table(map),
    acpiRootPointer: machine.efi?.acpiRootPointer ?? 0)
  block.hasLostFramebuffer = machine.hasNativeGraphics
  block.isRandomised = isRandomised
  if let seed = request.randomSeed, image.understands(.randomSeed) { block.randomSeed = seed }
  switch efiHandover(image, request: request, machine: machine) {
  case .success(let handover): block.efi = handover
  case .failure(let reason): notes.append(.noEFI(reason))
  case nil: break
  }
  return (block, notes)
}

extension Machine {
  /// Whether firmware left a picture in memory.
  fileprivate var hasFirmwareFramebuffer: Bool {
    bootParameters.map { ScreenInfo.isFramebuffer($0.loadField(BootParameters.origVideoIsVGA)) }
      ?? false
  }
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

extension PurgatoryParameters {
  /// The parameters for entering a kernel after checking the bytes of `segments`.
  ///
  /// Only the bytes from the files are checked: the kernel clears what lies behind them itself.
  fileprivate init(
    entry: PhysicalAddress, bootParameters: PhysicalAddress, checking segments: [PlannedSegment],
    request: LoadRequest
  ) {
    let checked = request.digest == .none ? [] : segments
    self.init(
      entry: .long(address: entry.value, rsi: bootParameters.value),
      digest: Digest(request.digest, of: checked),
      regions: checked.map {
        Region(start: $0.destination.start.value, byteCount: UInt64($0.bytes.count))
      },
      serial: request.serial.map { SerialConsole(port: $0.port, baud: $0.baud) },
      greets: request.serial?.greets ?? false)
  }
}

extension PurgatoryParameters.Digest {
  /// What the purgatory must find over the bytes of `segments`, in this order.
  fileprivate init(_ kind: DigestKind, of segments: [PlannedSegment]) {
    switch kind {
    case .none: self = .none
    case .komihash:
      var hash = Komihash()
      for segment in segments { segment.digest { hash.update($0) } }
      self.init(finishing: hash)
    case .sha256:
      var hash = SHA256()
      for segment in segments { segment.digest { hash.update($0) } }
      self.init(finishing: hash)
    }
  }
}

extension PlannedSegment {
  /// Gives the bytes to `update`, and lets their memory go until the system call reads them.
  fileprivate func digest(_ update: (RawSpan) -> Void) {
    update(bytes.span)
    bytes.evict()
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
