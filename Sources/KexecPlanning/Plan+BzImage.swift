internal import KernelImages
internal import RunningSystem
internal import Threads

/// Plans kexec_load of a bzImage.
func planBzImage(
  _ image: BzImage, request: LoadRequest, machine: Machine, placement: LoadPlacement,
  inspection: inout InitrdInspection?
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  if request.options.entry == .realMode || image.isForBIOSOnly {
    return try planRealMode(
      image, request: request, machine: machine, placement: placement, inspection: &inspection)
  }
  let entry = try LinuxEntry(image, choice: request.options.entry, on: machine)
  let (kernel, initrd, unpackNotes) = unpackPieces(
    image, by: entry, request: request, machine: machine,
    commandLine: KernelCommandLine(placement.commandLine), memory: placement.memory,
    inspection: inspection)
  inspection = initrd.inspection
  if let configuration = kernel.configuration { inspection?.configuration = configuration }
  let leavesFiveLevels =
    request.options.entry == .automatic && !image.copesWithPaging(of: machine)
  do throws(PlanningError) {
    let (load, notes) = try planLinux(
      LinuxLayouts(target: LinuxTarget(image, entry: entry), kernel: kernel, initrd: initrd),
      request: request, machine: machine, placement: placement)
    let entryNotes: [PlanNote] = leavesFiveLevels ? [.enteredIn32Bits] : []
    let sizeNotes = image.notesOnSize(kernel.byteCount)
    return (load, placement.notes + sizeNotes + entryNotes + unpackNotes + notes)
  } catch {
    guard leavesFiveLevels, case .noRoom(let segment) = error else { throw error }
    throw .fiveLevelPagingNoRoom(segment)
  }
}

extension BzImage {
  /// The notes when the header asks for less memory than the kernel needs, and the kernel gets `byteCount`.
  func notesOnSize(_ byteCount: UInt64) -> [PlanNote] {
    mended.filter { $0.isInitSizeTooSmall }.map { .initSizeTooSmall($0.found, needed: byteCount) }
  }
}

/// The kernel and the initrds, unpacked in parallel if that is wanted and safe.
private func unpackPieces(
  _ image: BzImage, by entry: LinuxEntry, request: LoadRequest, machine: Machine,
  commandLine: KernelCommandLine,
  memory: UsableMemory, inspection: InitrdInspection?
) -> (KernelLayout, InitrdLayout, [PlanNote]) {
  let (unpacked, initrd) = sideBySide {
    () -> Result<(KernelLayout, [PlanNote]), OrdinaryEntryReason> in
    do throws(OrdinaryEntryReason) {
      return .success(
        try KernelLayout.unpack(
          image, by: entry, request: request, machine: machine, commandLine: commandLine))
    } catch {
      return .failure(error)
    }
  } _: {
    InitrdLayout(
      request, kernelSize: image.initSize, machine: machine, memory: memory, inspection: inspection)
  }
  switch unpacked {
  case .success(let (kernel, notes)): return (kernel, initrd, notes)
  case .failure(let reason):
    return (KernelLayout(packed: image, by: entry), initrd, [.ordinaryEntry(reason)])
  }
}
