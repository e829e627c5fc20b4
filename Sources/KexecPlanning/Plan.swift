internal import KexecABI
internal import BootProtocols
internal import ByteCoding
internal import Compression
internal import CrashDumps
internal import ELFFormat
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

// From a request to a plan. Read this file first:
//
//   LoadPlanner(_:image:on:)  (LoadPlanner) the request with what the planner adds
//   routes                    which system calls may be tried, in which order, and why
//   plan(by:)                 exactly what that call gets
//     LoadPlacement             (LoadPlacement) the memory for it: the machine's, or a region of it
//     planBzImage               (Plan+BzImage) file -> segments
//     planLinux                 (Plan+Linux) segments -> places -> bytes
//     Assembly.finish           (Assembly) segments and entry -> purgatory -> validation
//
// Nothing here does I/O, so the same request on the same machine always gives the same plan.

extension LoadPlanner {
  /// The routes to try, best first, if the running kernel keeps nothing for the next one.
  ///
  /// If the running kernel's policy requires signatures (lockdown, Secure Boot), kexec_file_load comes first,
  /// because it checks them and kexec_load does not. It also comes first if the running kernel keeps a list
  /// of measurements (IMA), which only that call hands over. Otherwise the faster jump comes first:
  /// kexec_load, if the kernel can be unpacked now. Some options, a long command line and the 32-bit entry
  /// are possible with kexec_load only.
  var ordinaryRoutes: [Route] {
    if request.options.preservesContext {
      let needed = RouteReason.needed(by: ["--load-preserve-context"])
      return [Route(.segments, request.options.call == .segments ? .asked : needed)]
    }
    if let call = request.options.call { return [Route(call, .asked)] }
    guard case .bzImage(let image) = image, image.isForFileCall else {
      return [Route(.segments, .imageType)]
    }
    guard !machine.wantsSignatures else {
      return [Route(.file, .policy), Route(.segments, .fileCallRefused)]
    }
    let options = request.optionsForSegments
    if !options.isEmpty { return [Route(.segments, .needed(by: options))] }
    let length = commandLine.losslessByteCount
    if length > image.commandLineLimitOfFileCall {
      return [Route(.segments, .commandLineTooLongForFileCall)]
    }
    if machine.keepsMeasurements {
      return [Route(.file, .keepsMeasurements), Route(.segments, .fileCallRefused)]
    }
    guard image.copesWithPaging(of: machine) else { return [Route(.segments, .fiveLevelPaging)] }
    guard image.mended.isEmpty else { return [Route(.segments, .headerMended)] }
    // With kexec_file_load, the running kernel describes itself to a crash kernel, and updates that when
    // processors or memory are added or removed.
    if request.options.purpose == .crash {
      return [Route(.file, .preferred), Route(.segments, .fileCallRefused)]
    }
    let canBeFast = image.payload != nil && image.extendedFlags.contains(.has64BitEntry)
    return canBeFast && request.options.isFast
      ? [Route(.segments, .jumpsFaster), Route(.file, .segmentsRefused)]
      : [Route(.file, .preferred), Route(.segments, .fileCallRefused)]
  }

  func plan(
    by route: Route, bzImage image: BzImage, inspection: inout InitrdInspection?
  ) throws(PlanningError) -> LoadPlan {
    guard request.modules.isEmpty else { throw .modulesForOther }
    if image.isForBIOSOnly, let option = request.optionAgainstRealMode(by: route.call) {
      throw .realModeOnly(option: option)
    }
    // The purgatory adds a parameter to the command line of a kernel that can return.
    let limit = max(image.commandLineLimit(by: route.call) - request.jumpBackWordSize, 0)
    var (commandLine, wordNotes) = request.preservingModules(
      of: machine, in: commandLine, limit: limit)
    try checkCommandLine(commandLine, for: request, limit: limit)
    var notes = wordNotes + request.loaderWords(running: machine.commandLine)
    notes += request.notesOnCrashOptions(machine)
    if let style = request.options.arguments, style != .linux {
      notes.append(.noEffectOnType(option: style.option))
    }
    if image.isForBIOSOnly, request.options.hasEarlyOutput {
      notes.append(.noEffectOnType(option: LoadOptions.earlyOutputName))
    }
    if image.checksumMatches == false { notes.append(.checksumMismatch) }
    notes += image.mended.filter { !$0.isInitSizeTooSmall }.map(PlanNote.headerFieldMended)
    let action: LoadPlan.Action
    switch route.call {
    case .segments:
      let placement = try LoadPlacement(
        of: request, on: machine, takesEFI: image.extendedFlags.contains(.efiKexec),
        commandLine: commandLine, limit: limit,
        kernelEnd: try image.kernelAddressEnd(
          by: LinuxEntry(image, choice: request.options.entry, on: machine)))
      commandLine = placement.commandLine
      try checkCommandLine(commandLine, for: request, limit: limit + request.jumpBackWordSize)
      let (load, more) = try planBzImage(
        image, request: request, machine: machine, placement: placement, inspection: &inspection)
      action = .segments(load)
      notes += notesOnEntry(of: image)
      notes += more
    case .file:
      guard image.isForFileCall else { throw .notByFileCall(.bzImage) }
      guard image.copesWithPaging(of: machine) else { throw .fiveLevelPaging }
      if let field = image.mended.first { throw .headerBelieved(field) }
      action = .file(try planFileCall(request, machine: machine, kernelSize: image.initSize))
      notes += request.optionsForSegments.map(PlanNote.noEffectOnFileCall)
    }
    // Other kernels have initrds of other kinds, such as disk images and scripts.
    if !image.isForBIOSOnly {
      notes += try initrdNotes(
        beside: notes, kernelRelease: image.release, commandLine: commandLine,
        inspection: &inspection)
    }
    return LoadPlan(
      request: request, kernelVersion: image.kernelVersion, kernelRelease: image.release,
      imageDescription: image.description, commandLine: commandLine, action: action,
      reason: route.reason, notes: notes)
  }

  /// The notes on where kexec_load enters the kernel.
  private func notesOnEntry(of image: BzImage) -> [PlanNote] {
    if image.isMemdisk { return request.options.entry == .realMode ? [] : [.memdisk] }
    if image.isForBIOSOnly || request.options.entry != .automatic { return [] }
    if request.options.imageType == .bzImage, image.extendedFlags.contains(.has64BitEntry) {
      return [.enteredIn64Bits]
    }
    let hasDisk = request.initrds.contains { BootSector.isRecognised(in: $0.bytes) }
    return image.payload == nil && hasDisk ? [.diskWithoutBIOS] : []
  }

  /// Plans what only kexec_load can load.
  func planOther(
    by route: Route, inspection: inout InitrdInspection?
  ) throws(PlanningError) -> LoadPlan {
    guard route.call == .segments else { throw .notByFileCall(image.type) }
    let isLinux = image.takesArgumentsLikeLinux(request)
    guard isLinux || !request.options.preservesContext else { throw .returnNeedsLinux }
    let limit = isLinux ? VmlinuxHeader.commandLineLimit - request.jumpBackWordSize : .max
    let (commandLine, wordNotes) = request.preservingModules(
      of: machine, in: commandLine, limit: limit)
    try checkCommandLine(commandLine, for: request, limit: limit)
    var notes = wordNotes + request.loaderWords(running: machine.commandLine)
    notes += request.notesOnCrashOptions(machine)
    notes += request.optionsWithoutEffect(on: image, isLinux: isLinux)
      .map(PlanNote.noEffectOnType)
    let placement = try LoadPlacement(
      of: request, on: machine, takesEFI: true, commandLine: commandLine, limit: limit)
    try checkCommandLine(
      placement.commandLine, for: request, limit: isLinux ? VmlinuxHeader.commandLineLimit : .max)
    let (load, more) =
      switch image {
      case .bzImage, .unified: throw .notByFileCall(image.type)
      case .elf(let kernel):
        try planELF(
          kernel, request: request, machine: machine, placement: placement, inspection: &inspection)
      case .multiboot(let kernel):
        try planMultiboot(kernel, request: request, machine: machine, placement: placement)
      }
    notes += more
    if isLinux {
      notes += try initrdNotes(
        beside: notes, kernelRelease: nil, commandLine: placement.commandLine,
        inspection: &inspection)
    }
    return LoadPlan(
      request: request, kernelVersion: nil, kernelRelease: nil,
      imageDescription: image.type.rawValue,
      commandLine: placement.commandLine, action: .segments(load), reason: route.reason,
      notes: notes)
  }

  /// The notes on the initrds or on their absence, added to the notes so far.
  private func initrdNotes(
    beside notes: [PlanNote], kernelRelease: String?, commandLine: String,
    inspection: inout InitrdInspection?
  ) throws(PlanningError) -> [PlanNote] {
    inspection = inspection ?? InitrdInspection(request, on: machine)
    let found = try inspection?.notes(
      request, kernelRelease: kernelRelease, unpacked: Set(notes.compactMap { $0.unpackedInitrd }))
    let root = request.rootWithoutInitrd(KernelCommandLine(commandLine))
    return (found ?? []) + (root.map { [$0] } ?? [])
  }
}

extension KernelImage {
  /// Whether this is an ELF file that gets boot_params.
  func takesArgumentsLikeLinux(_ request: LoadRequest) -> Bool {
    guard case .elf(let kernel) = self else { return false }
    return request.options.arguments.map { $0 == .linux } ?? kernel.isLinux
  }
}

private func checkCommandLine(
  _ text: String, for request: LoadRequest, limit: Int
) throws(PlanningError) {
  // Behind an open quote the purgatory's parameter would become a part of another one.
  guard !request.options.preservesContext || !KernelCommandLine(text).hasOpenQuote else {
    throw .openQuote
  }
  if let offset = text.losslessBytes.firstIndex(of: 0) { throw .commandLineHasNUL(offset: offset) }
  let length = text.losslessByteCount
  guard length <= limit else { throw .commandLineTooLong(length: length, limit: limit) }
}

private func planFileCall(
  _ request: LoadRequest, machine: Machine, kernelSize: UInt64
) throws(PlanningError) -> FileLoad {
  if request.options.purpose == .crash {
    try request.checkCrashRegion(of: machine, kernelSize: kernelSize)
  }
  var flags = request.options.purpose == .crash ? FileFlags.onCrash : 0
  if request.initrds.isEmpty { flags |= FileFlags.noInitramfs }
  let bestEffort =
    (request.options.avoidsContiguousMemory ? FileFlags.noCMA : 0)
    | (request.options.forcesDeviceTree ? FileFlags.forceDTB : 0)
  return FileLoad(
    flags: flags, kernelSize: kernelSize,
    bestEffortFlags: bestEffort)
}

extension Machine {
  /// Whether the running kernel's policy allows only signed kernels: it is locked down, or Secure Boot is on.
  package var wantsSignatures: Bool {
    let secureBoot = bootParameters?.loadField(BootParameters.secureBoot)
    return kexec.lockdown != nil || secureBoot == BootParameters.secureBootEnabled
  }
}

extension BzImage {
  /// The most characters that the command line may have when `call` loads the kernel.
  fileprivate func commandLineLimit(by call: LoadCall) -> Int {
    call == .file ? commandLineLimitOfFileCall : commandLineLimit
  }

  /// Whether kexec_file_load can load it: the running kernel enters kernels in 64-bit mode only, and refuses
  /// others with ENOEXEC.
  fileprivate var isForFileCall: Bool {
    version >= BootProtocol.v2_12 && extendedFlags.contains(.has64BitEntry)
  }

  /// The running kernel always keeps 30 bytes for `elfcorehdr=`, and counts the terminator.
  fileprivate var commandLineLimitOfFileCall: Int { max(commandLineLimit - 31, 0) }

  fileprivate var description: String {
    "\(extendedFlags.contains(.has64BitEntry) ? "bzImage64" : "bzImage"), "
      + "boot protocol \(versionText)"
  }
}
