internal import BootProtocols
internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// Plans kexec_load of a bzImage that is entered in real mode, where it asks the BIOS for the memory map, the
/// screen and the disks. Nothing that the running kernel knows is handed over.
func planRealMode(
  _ image: BzImage, request: LoadRequest, machine: Machine, placement: LoadPlacement,
  inspection: inout InitrdInspection?
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  guard machine.efi == nil else { throw .realMode(.noBIOS) }
  guard image.version >= BootProtocol.v2_02 else { throw .protocolTooOld(image.versionText) }
  var code = image.realMode.array
  image.mend(&code)
  let part = RealModePart(code: code, commandLine: placement.commandLine.losslessBytes)
  guard part.code.count < RealModePart.heapEnd, part.byteCount <= .kibibytes(64) else {
    throw .realMode(.tooLarge(part.code.count))
  }
  let initrd = InitrdLayout(
    request, kernelSize: image.initSize, machine: machine, memory: placement.memory,
    inspection: inspection)
  inspection = initrd.inspection
  return try initrd.whereItFits(request) { (initrd) throws(PlanningError) in
    try planRealMode(image, part, initrd, request: request, placement: placement)
  }
}

private func planRealMode(
  _ image: BzImage, _ part: RealModePart, _ initrd: InitrdLayout, request: LoadRequest,
  placement: LoadPlacement
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  let kernel = KernelLayout(packed: image, by: .protected32)
  var others = [
    Assembly.purgatoryRoom(
      limits: PhysicalRange(
        start: PhysicalAddress(.mebibytes(1)),
        end: PhysicalAddress(image.addressEnd(by: .protected32))))
  ]
  if initrd.byteCount > 0 {
    others.append(initrd.space(below: image.initrdAddressEnd(by: .protected32)))
  }
  let places = try Placements(
    kernel: kernel, others: others, in: placement.free, bounds: request.options.memoryBounds)
  let initrdPlace = places.others.dropFirst().first
  // It is one segment of the processor, 64 KiB. The user's bounds do not apply, since it can lie only here.
  var low = SegmentAllocator(free: placement.memory.low, bounds: UsableMemory.lowLimits)
  let place = try low.take(
    SegmentRequirement(role: .realMode, byteCount: .kibibytes(64), limits: UsableMemory.lowLimits))

  let bytes = part.encode(
    at: place.start, kernel: places.kernel.start, initrd: initrd.extent(in: initrdPlace))
  var segments = kernel.segments(in: places.kernel)
  segments.append(
    PlannedSegment(role: .realMode, bytes: SharedBytes(bytes), destination: place))
  if let initrdPlace { segments += initrd.segments(in: initrdPlace) }
  var assembly = Assembly(
    segments: segments, purgatoryPlace: places.others[0],
    entry: .realMode(
      segment: UInt16(place.start.value >> 4), stackPointer: UInt16(RealModePart.heapEnd)),
    memoryUse: kernel.memoryUse + initrd.byteCount)
  if request.options.isStamped, let offset = TimeStamps.textOffset(in: placement.commandLine) {
    assembly.timestampText = place.start.value + UInt64(RealModePart.heapEnd + offset)
  }
  let notes =
    image.notesOnSize(kernel.byteCount) + (request.options.digest == .none ? [.checksOff] : [])
  return (
    try assembly.finish(request, in: placement.memory, flags: placement.flags),
    placement.notes + [
      .ordinaryEntry(request.options.entry == .realMode ? .realMode : .realModeOnly)
    ]
      + initrd.notes + notes
  )
}
