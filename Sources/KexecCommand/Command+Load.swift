internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Plans the load of `kernel`, and carries it out unless this is a dry run.
  func load(kernel path: String, purpose: LoadRequest.Purpose) throws(CommandError) -> ExitCode {
    var machine = readMachine(forCrash: purpose == .crash)
    if !invocation.isDryRun { try checkPermission(on: machine, purpose: purpose) }
    beginProgress("unpacking and checking \(path)")
    kernel.signals.exitOnLostFile(
      "kexec: \(path): the file, or an initrd, got shorter or unreadable while it was read\n"
        + "  nothing was loaded or unloaded\n")
    let files = try openFiles(kernel: path, machine: machine)
    let image = files.image
    if image.type == .multiboot2 { machine.readRootPointer(machineFiles) }
    let request = try makeRequest(files, purpose: purpose, machine: machine)

    var refusal: KexecCallError?
    var planningError: PlanningError?
    kernel.process.evictProgram()
    let ways = routes(for: request, on: machine, image: image)
    for way in ways {
      let isSecondPlan = planningError != nil && refusal == nil
      let route = isSecondPlan ? Route(way.call, .otherNotPlanned) : way
      let plan: LoadPlan
      do {
        plan = try KexecPlanning.plan(request, by: route, on: machine, image: image)
      } catch {
        // What one call cannot do the other may: the first error is told when none can.
        if planningError == nil { planningError = error }
        if way != ways.last, way.reason != .policy { continue }
        endProgress()
        throw CommandError(
          planningError ?? error, request: request,
          machine: refusal == nil ? machine : readMachine(), after: refusal)
      }
      endProgress()
      if isSecondPlan, let planningError {
        let reason = CommandError(planningError, request: request, machine: machine, after: nil)
        warn("not by the other call: \(reason.message)")
      }
      if invocation.isDryRun {
        print(plan)
        return .success
      }
      for note in plan.notes { report(note) }
      debug("the plan:\n" + PlanReport(plan: plan).text)
      let callFiles = try callFiles(for: plan, files)
      let newLogLines = kernel.log.listen()
      do {
        try carryOut(plan, kernel: callFiles.kernel, initrd: callFiles.initrd)
        kernel.signals.endOnLostFile()
        recordLoad(on: machine, request: plan.request)
        return .success
      } catch {
        debug("\(error.call.name) failed: \(error.errno.name)")
        guard error.allowsAnotherRoute, way != ways.last else {
          throw CommandError(
            error, plan: plan, request: plan.request, machine: readMachine(), after: refusal,
            kernelLog: newLogLines())
        }
        refusal = error
      }
    }
    throw CommandError("\(path): there is no way to load it")
  }

  /// The user's files, open.
  struct Files {
    let kernel: InputFile
    /// What the kernel's file holds.
    let unpacked: KernelFile
    let image: KernelImage
    let initrds: [InputFile]
    /// An archive to be put behind the initrds, if any: `--preserve=modules`.
    let moduleList: InputFile?
    let deviceTree: InputFile?
    /// The modules of a multiboot kernel.
    let modules: [InputFile]
  }

  /// How many bytes a compressed kernel may unpack to: half of the memory that can be had, since the
  /// running kernel makes a copy of it, and no more than kexec_file_load takes.
  private func unpackedLimit(on machine: Machine) -> Int {
    min(KernelFile.sizeLimit, machine.availableMemory.map { Int(clamping: $0 / 2) } ?? .max)
  }

  private func openFiles(kernel path: String, machine: Machine) throws(CommandError) -> Files {
    let kernel = try open(path)
    let unpacked: KernelFile
    let image: KernelImage
    do throws(ImageError) {
      let limit = unpackedLimit(on: machine)
      unpacked = try KernelFile(kernel.bytes, limit: limit)
      let rest = unpacked.packing == nil ? limit : limit - unpacked.bytes.count
      image = try KernelImage.open(
        unpacked.bytes, as: invocation.imageType, unpackedLimit: rest)
    } catch {
      throw CommandError(error, path: path)
    }
    var initrds = invocation.reusesInitrd ? [try retainedInitrd()] : []
    for path in invocation.initrds {
      initrds.append(path == "none" ? try join([InitrdArchives.empty], path) : try open(path))
    }
    // Alone it would be for nobody: without an initrd nothing reads it.
    var moduleList: InputFile?
    if !initrds.isEmpty || image.holdsInitrd,
      let archive = machine.modules.flatMap({ PreservedModules($0).archive })
    {
      moduleList = try join([SharedBytes(archive)], "(list of modules)")
    }
    let deviceTree = try invocation.deviceTree.map { path throws(CommandError) in
      try open(path)
    }
    var modules: [InputFile] = []
    for text in invocation.modules { modules.append(try open(modulePath(text))) }
    return Files(
      kernel: kernel, unpacked: unpacked, image: image, initrds: initrds, moduleList: moduleList,
      deviceTree: deviceTree, modules: modules)
  }

  private func open(_ path: String) throws(CommandError) -> InputFile {
    do {
      return try InputFile(path: path)
    } catch {
      throw CommandError(error)
    }
  }

  private func join(_ parts: [SharedBytes], _ name: String) throws(CommandError) -> InputFile {
    do {
      return try InputFile(joining: parts, name: name, by: kernel.memoryFiles)
    } catch {
      throw CommandError(error)
    }
  }

  /// What the running kernel unpacked at boot. Documented in
  /// Documentation/admin-guide/kernel-parameters.txt, "retain_initrd".
  private func retainedInitrd() throws(CommandError) -> InputFile {
    do {
      return try InputFile(
        copying: machineFiles.root + "/sys/firmware/initrd", by: kernel.memoryFiles)
    } catch {
      throw CommandError(error)
    }
  }

  /// The first word of a module's text.
  private func modulePath(_ text: String) -> String {
    text.split(separator: " ").first.map(String.init) ?? text
  }

  private func makeRequest(
    _ files: Files, purpose: LoadRequest.Purpose, machine: Machine
  ) throws(CommandError) -> LoadRequest {
    var request = LoadRequest(
      kernel: .init(
        path: files.kernel.path, bytes: files.unpacked.bytes, packing: files.unpacked.packing))
    request.purpose = purpose
    request.call = invocation.call
    request.initrds = files.initrds.map { .init(path: $0.path, bytes: $0.bytes) }
    if let list = files.moduleList {
      request.initrds.append(.init(path: list.path, bytes: list.bytes, isPart: true))
    }
    request.deviceTree = files.deviceTree.map { .init(path: $0.path, bytes: $0.bytes) }
    request.avoidsContiguousMemory = invocation.avoidsContiguousMemory
    request.forcesDeviceTree = invocation.forcesDeviceTree
    request.modules = zip(files.modules, invocation.modules).map { file, text in
      .init(file: .init(path: file.path, bytes: file.bytes), text: text)
    }
    request.arguments = invocation.arguments
    request.commandLine = invocation.commandLine
    request.appended = invocation.appended
    request.reusesCommandLine = invocation.reusesCommandLine
    request.preservesModules = invocation.preservesModules
    request.reusesConsole = invocation.reusesConsole
    if invocation.reusesConsole { request.consolePort = machine.consolePort }
    request.digest = invocation.digest
    request.unpacksKernel = invocation.isFast
    request.unpacksInitrds = invocation.isFast
    if let seed = invocation.seed {
      request.randomNumbers = .init(seed: seed)
    } else if let virtual = kernel.process.randomNumber(),
      let physical = kernel.process.randomNumber()
    {
      request.randomNumbers = .init(virtual: virtual, physical: physical)
    }
    request.memoryBounds = invocation.memoryBounds
    request.preservesContext = invocation.preservesContext
    request.coreHeaderWidth = invocation.coreHeaderWidth
    request.passesMemoryMap = invocation.passesMemoryMap
    request.followsHotplug = invocation.followsHotplug
    request.handsOverEFI = invocation.handsOverEFI
    request.serial = try serialConsole(on: machine)
    request.writesOnVGA = invocation.writesOnVGA
    request.resetsVGA = invocation.resetsVGA
    request.reusesVideoType = invocation.reusesVideoType
    // The name of the type bzImage stands for its first entry, that of 32 bits.
    request.entry = invocation.entry
    if request.entry == .automatic, invocation.imageType == .bzImage,
      !files.image.isForBIOSOnly
    {
      request.entry = .protected32
    }
    if invocation.isStamped {
      request.stamps = TimeStamps(
        loaded: kernel.clocks.timeStampCounter(), wallClock: kernel.clocks.wallClock())
    }
    request.randomSeed = kernel.process.randomBytes(32)
    return request
  }

  func serialConsole(
    on machine: Machine
  ) throws(CommandError) -> LoadRequest.SerialConsole? {
    guard invocation.serial != nil || invocation.greetsOnSerial || invocation.serialBaud != 0
    else { return nil }
    let name = invocation.serial ?? "ttyS0"
    let usual: [String: UInt16] = ["ttyS0": 0x3F8, "ttyS1": 0x2F8, "ttyS2": 0x3E8, "ttyS3": 0x2E8]
    let number = UInt64(cNumber: name).flatMap { UInt16(exactly: $0) }
    let reused = invocation.reusesConsole && invocation.serial == nil ? machine.consolePort : nil
    guard let port = reused ?? machine.serialPorts[name] ?? usual[name] ?? number, port != 0 else {
      throw .usage("--serial=\(name): neither ttyS0 to ttyS3 nor a port number such as 0x3f8")
    }
    return .init(
      port: port, baud: invocation.serialBaud, greets: invocation.greetsOnSerial)
  }

  private func carryOut(
    _ plan: LoadPlan, kernel file: InputFile, initrd: InputFile?
  ) throws(KexecCallError) {
    switch plan.action {
    case .segments(let load):
      try carryOut(load)
    case .file(let load):
      debug("calling kexec_file_load")
      let commandLine = plan.commandLine.losslessBytes
      do throws(KexecCallError) {
        try kernel.kexec.fileLoad(
          kernel: file, initrd: initrd, commandLine: commandLine,
          flags: load.flags | load.comfortFlags)
      } catch {
        guard load.comfortFlags != 0, error.errno == .invalidArgument else { throw error }
        report(.unknownToKernel(plan.request.comfortOptions))
        try kernel.kexec.fileLoad(
          kernel: file, initrd: initrd, commandLine: commandLine, flags: load.flags)
      }
    }
  }

  /// Gives the segments of `load` to the running kernel.
  func carryOut(_ load: SegmentLoad) throws(KexecCallError) {
    debug("calling kexec_load")
    try kernel.kexec.load(
      entry: load.entry.value,
      segments: load.segments.map {
        KexecSegment(bytes: $0.bytes, destination: $0.destination)
      }, flags: load.flags)
  }

  /// The files for a call that reads them itself: the user's own where they are loaded whole, so
  /// that what is known of them (signatures, measurements) counts; else joined in memory.
  private func callFiles(
    for plan: LoadPlan, _ files: Files
  ) throws(CommandError) -> (kernel: InputFile, initrd: InputFile?) {
    guard case .file = plan.action else { return (files.kernel, nil) }
    let kernel = plan.request.kernel
    let kernelFile = kernel.isPart ? try join([kernel.bytes], "kernel") : files.kernel
    let initrds = plan.request.initrds
    guard let first = initrds.first else { return (kernelFile, nil) }
    if initrds.count == 1, !first.isPart { return (kernelFile, files.initrds.first) }
    return (kernelFile, try join(InitrdArchives.row(of: initrds.map(\.bytes)), "initrd"))
  }

  func print(_ plan: LoadPlan) {
    let report = PlanReport(plan: plan)
    kernel.streams.writeOutput(invocation.printsJSON ? report.json.text : report.text)
  }

  private func report(_ note: PlanNote) {
    if note.isWarning { warn(note.text) } else { debug(note.text) }
  }
}

extension LoadRequest {
  /// The options that only ask for a flag of kexec_file_load that older kernels do not know.
  fileprivate var comfortOptions: [String] {
    (avoidsContiguousMemory ? ["--no-cma"] : []) + (forcesDeviceTree ? ["--force-dtb"] : [])
  }
}

extension KexecCallError {
  /// Whether the other call may be tried: kexec_load when the error says only that kexec_file_load
  /// is not made for this file, never after EPERM or a signature error, since that would go around
  /// a policy; kexec_file_load, which keeps to all policies, also after EPERM.
  fileprivate var allowsAnotherRoute: Bool {
    switch call {
    case .fileLoad:
      [.notImplemented, .notExecutable, .invalidArgument, .notSupported].contains(errno)
    case .load: [.notImplemented, .notPermitted, .accessDenied].contains(errno)
    case .reboot: false
    }
  }
}
