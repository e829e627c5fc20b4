internal import KexecABI
internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Plans the load of the kernel at `path`, and carries it out unless this is a dry run.
  func load(kernel path: String) throws(CommandError) -> ExitCode {
    let options = invocation.options
    if !invocation.isDryRun {
      try checkPermission(KexecState(in: machineFiles), purpose: options.purpose)
    }
    beginProgress("unpacking and checking \(path)")
    kernel.signals.exitOnLostFile(
      "kexec: \(path): the file, or an initrd, got shorter or unreadable while it was read\n"
        + "  nothing was loaded or unloaded\n")
    // What can be had before the kernel is unpacked into it.
    let memory = MemoryFacts(in: machineFiles)
    let files = try openFiles(kernel: path, limit: unpackedLimit(memory))
    let machine = readMachine(with: options.neededFacts(for: files.image), memory: memory)
    let request = makeRequest(files)
    let planner: LoadPlanner
    do {
      planner = try LoadPlanner(request, image: files.image, on: machine)
    } catch {
      throw CommandError(error, request: request, machine: machine, after: nil)
    }

    var refusal: KexecCallError?
    var planningError: PlanningError?
    kernel.process.evictProgram()
    let ways = planner.routes
    for way in ways {
      let isSecondPlan = planningError != nil && refusal == nil
      let route = isSecondPlan ? Route(way.call, .otherNotPlanned) : way
      let plan: LoadPlan
      do {
        plan = try planner.plan(by: route)
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
    let deviceTree: InputFile?
    /// The modules of a multiboot kernel.
    let modules: [InputFile]
  }

  /// How many bytes a compressed kernel may unpack to: half of the memory that can be had, since the
  /// running kernel makes a copy of it, and no more than kexec_file_load takes.
  private func unpackedLimit(_ memory: MemoryFacts) -> Int {
    min(KernelFile.sizeLimit, memory.available.map { Int(clamping: $0 / 2) } ?? .max)
  }

  private func openFiles(kernel path: String, limit: Int) throws(CommandError) -> Files {
    let options = invocation.options
    let kernel = try open(path)
    let unpacked: KernelFile
    let image: KernelImage
    do throws(ImageError) {
      unpacked = try KernelFile(kernel.bytes, limit: limit)
      let rest = unpacked.packing == nil ? limit : limit - unpacked.bytes.count
      image = try KernelImage.open(
        unpacked.bytes, as: options.imageType, unpackedLimit: rest)
    } catch {
      throw CommandError(error, path: path)
    }
    var initrds = options.reusesInitrd ? [try retainedInitrd()] : []
    for path in options.initrds {
      initrds.append(path == "none" ? try join([InitrdArchives.empty], path) : try open(path))
    }
    let deviceTree = try options.deviceTree.map { path throws(CommandError) in
      try open(path)
    }
    var modules: [InputFile] = []
    for text in options.modules { modules.append(try open(modulePath(text))) }
    return Files(
      kernel: kernel, unpacked: unpacked, image: image, initrds: initrds, deviceTree: deviceTree,
      modules: modules)
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

  /// What was asked for, with the open files, and with what chance and the clock add.
  private func makeRequest(_ files: Files) -> LoadRequest {
    var request = LoadRequest(
      kernel: .init(
        path: files.kernel.path, bytes: files.unpacked.bytes,
        origin: files.unpacked.packing.map(LoadRequest.File.Origin.unpacked) ?? .file),
      options: invocation.options)
    request.initrds = files.initrds.map { .init(path: $0.path, bytes: $0.bytes) }
    request.deviceTree = files.deviceTree.map { .init(path: $0.path, bytes: $0.bytes) }
    request.modules = zip(files.modules, invocation.options.modules).map { file, text in
      .init(file: .init(path: file.path, bytes: file.bytes), text: text)
    }
    if let seed = invocation.options.seed {
      request.randomNumbers = .init(seed: seed)
    } else if let virtual = kernel.process.randomNumber(),
      let physical = kernel.process.randomNumber()
    {
      request.randomNumbers = .init(virtual: virtual, physical: physical)
    }
    request.stamps = TimeStamps(
      loaded: kernel.clocks.timeStampCounter(), wallClock: kernel.clocks.wallClock())
    request.randomSeed = kernel.process.randomBytes(32)
    return request
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
          flags: load.flags | load.bestEffortFlags)
      } catch {
        guard load.bestEffortFlags != 0, error.errno == .invalidArgument else { throw error }
        report(.unknownToKernel(plan.request.bestEffortOptions))
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
    let kernelFile = kernel.origin != .file ? try join([kernel.bytes], "kernel") : files.kernel
    let initrds = plan.request.initrds
    guard let first = initrds.first else { return (kernelFile, nil) }
    if initrds.count == 1, first.origin == .file { return (kernelFile, files.initrds.first) }
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

extension KexecCallError {
  /// Whether the other call may be tried: kexec_load when the error says only that kexec_file_load
  /// is not made for this file, never after EPERM or a signature error, since that would go around
  /// a policy; kexec_file_load, which keeps to all policies, also after EPERM.
  fileprivate var allowsAnotherRoute: Bool {
    switch call {
    case .file:
      [.notImplemented, .notExecutable, .invalidArgument, .notSupported].contains(errno)
    case .segments: [.notImplemented, .notPermitted, .accessDenied].contains(errno)
    }
  }
}
