internal import ByteCoding
internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Refuses early what the kernel would refuse with a bare EPERM, so that the reason is said.
  func checkPermission(
    _ state: KexecState, purpose: LoadOptions.Purpose, forLoad: Bool = true
  ) throws(CommandError) {
    if !state.mayReboot || state.isInUserNamespace {
      throw CommandError(.notPermitted, "not permitted", advice: state.obstacle(for: purpose))
    }
    guard forLoad else { return }
    if state.isLoadDisabled {
      throw CommandError(
        .loadDisabled, "loading and unloading are switched off",
        advice: state.obstacle(for: purpose))
    }
    let limit = purpose == .crash ? state.crashLoadLimit : state.loadLimit
    if limit == 0 {
      throw CommandError(
        .loadLimit, "no more loads are allowed", advice: state.obstacle(for: purpose))
    }
    let isSupported = purpose == .crash ? state.isCrashLoaded : state.isLoaded
    // Without /sys nothing is known: the call itself will say so.
    if isSupported == nil, state.isTold { throw CommandError(withoutKexec: state, for: purpose) }
  }

  /// Refuses an option that takes something over from the running system, where that has no such file: it
  /// would do nothing, and nobody would know.
  func checkWhatIsReused() throws(CommandError) {
    let options = invocation.options
    if options.reusesCommandLine, options.commandLine == nil {
      try check("/proc/cmdline", for: "--reuse-cmdline")
    }
    if options.reusesConsole, !machineFiles.exists("/proc/cmdline") {
      try check("/proc/consoles", for: "--reuse-console")
    }
    if options.preservesModules { try check("/proc/modules", for: "--preserve=modules") }
  }

  private func check(_ file: String, for option: String) throws(CommandError) {
    do throws(FileError) {
      _ = try machineFiles.read(file, atMost: 1)
    } catch {
      var error = CommandError(error)
      error.advice = option + " needs it: " + mountAdvice
      throw error
    }
  }

  /// Refuses a captured machine that is not x86_64, as far as its files tell. The running machine is,
  /// since this program runs on it.
  func checkArchitecture() throws(CommandError) {
    guard common.machineDirectory != nil else { return }
    let root = machineFiles.root
    let evidence = ArchitectureEvidence(in: machineFiles)
    if evidence.finding == .architecture(.x86_64) {
      debug("the machine is x86_64, by \(root)\(evidence.file)")
      return
    }
    if invocation.architecture == .x86_64, !evidence.isProof {
      debug("the machine is x86_64, by --arch")
      return
    }
    throw CommandError(evidence, root: root)
  }

  /// What loads and jumps leave behind for later ones.
  var records: LoadRecords { LoadRecords(files: kernel.files) }

  /// Leaves behind what is to be known later of the load of `plan`, and a line in the kernel's log. Only
  /// a help: it may fail. `given` is what the user asked for, before a unified image is taken apart.
  func recordLoad(_ plan: LoadPlan, given: LoadRequest, on machine: Machine) {
    let purpose = plan.purpose
    let files = kernel.files
    func absolute(_ path: String) -> String {
      guard !path.hasPrefix("/"), files.exists("/proc/self/cwd/\(path)"),
        let directory = files.linkTarget("/proc/self/cwd")
      else { return path }
      return (directory == "/" ? "" : directory) + "/" + path
    }
    let record = LoadRecord(
      boot: files.bootID, time: kernel.clocks.wallClock() / 1_000_000_000, call: plan.call,
      release: plan.kernelRelease, kernel: absolute(given.kernel.path),
      initrds: given.initrds.map { absolute($0.path) }, commandLine: plan.commandLine,
      // The memory map of a crash kernel is its region's.
      memoryMap: machine.ioMemory.isHidden || purpose == .crash ? nil : machine.ioMemory.ramText,
      givenUp: plan.notes.flatMap { $0.givenUp }, isStamped: plan.request.options.isStamped,
      returns: plan.request.options.preservesContext)
    if !records.write(record, for: purpose) {
      warn(
        "\(LoadRecords.path(of: purpose)) cannot be written: -S will not know what is loaded"
          + (purpose == .crash ? "" : ", nor -e if the memory map changes"))
    }
    log("loaded \(purpose == .crash ? "as crash kernel: " : "")\(record.name) by \(plan.call.name)")
  }

  /// Leaves a line in the kernel's log that says what was done to kernels, and by whom. Only a help: it
  /// may fail.
  func log(_ deed: String) {
    // Who did it must have space behind the longest name of a file.
    let part = String(lossless: deed.losslessBytes.prefix(600))
    kernel.log.write("kexec: \(part); \(Caller(in: kernel.files).text)")
  }

  /// Refuses to run an image that was made for other memory than there is now.
  func checkMemoryMap() throws(CommandError) {
    guard let then = records.record(of: .reboot)?.memoryMap else { return }
    let memory = IOMemory(in: machineFiles)
    let now = memory.ramText
    guard !memory.isHidden, then != now else { return }
    throw CommandError(
      .memoryMapChanged,
      "the memory map has changed since the kernel was loaded: \(then) then, \(now) now",
      advice: "load the kernel again, or run it all the same with -e -f")
  }
}

extension IOMemory {
  /// Where RAM is, in one line.
  fileprivate var ramText: String {
    memoryMap.ranges(of: .ram).ranges.map { $0.description }.joined(separator: " ")
  }
}
