internal import ByteCoding
internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Refuses early what the kernel would refuse with EPERM alone, so that the message gives the
  /// reason.
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
    // Without /sys it is unknown whether the kernel supports kexec: the system call will tell.
    if isSupported == nil, state.isTold { throw CommandError(withoutKexec: state, for: purpose) }
  }

  /// Refuses an option that reuses something of the running system if its file is missing: the
  /// option would silently have no effect.
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

  /// Refuses a captured machine that is not x86_64, as far as its files tell. The running machine
  /// is x86_64, because this program runs on it.
  func checkArchitecture() throws(CommandError) {
    guard common.machineDirectory != nil else { return }
    let root = machineFiles.root
    let evidence = ArchitectureEvidence(in: machineFiles)
    if evidence.finding == .architecture(.x86_64) {
      debug("the machine is x86_64 according to \(root)\(evidence.file)")
      return
    }
    if invocation.architecture == .x86_64, !evidence.isProof {
      debug("the machine is x86_64 according to --arch")
      return
    }
    throw CommandError(evidence, root: root)
  }

  /// The records that loads and jumps leave for later calls.
  var records: LoadRecords { LoadRecords(files: kernel.files) }

  /// Records the load of `plan` for later calls, and writes a line into the kernel's log. Failures
  /// are ignored: the load works without them. `given` is the user's own request, before a unified
  /// image was taken apart.
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
      // A crash kernel's memory map is its reserved region, so RAM outside it does not matter.
      memoryMap: machine.ioMemory.isHidden || purpose == .crash ? nil : machine.ioMemory.ramText,
      givenUp: plan.notes.flatMap { $0.givenUp }, isStamped: plan.request.options.isStamped,
      returns: plan.request.options.preservesContext)
    if !records.write(record, for: purpose) {
      warn(
        "\(LoadRecords.path(of: purpose)) cannot be written: -S will not be able to tell what is loaded"
          + (purpose == .crash ? "" : ", nor -e whether the memory map has changed"))
    }
    log("loaded \(purpose == .crash ? "as crash kernel: " : "")\(record.name) by \(plan.call.name)")
  }

  /// Writes a line into the kernel's log that says what was done, and by whom. Failures are
  /// ignored.
  func log(_ deed: String) {
    // Leaves space for the caller after the longest file name.
    let part = String(lossless: deed.losslessBytes.prefix(600))
    kernel.log.write("kexec: \(part); \(Caller(in: kernel.files).text)")
  }

  /// Refuses to run an image that was planned for another memory map than the current one.
  func checkMemoryMap() throws(CommandError) {
    guard let then = records.record(of: .reboot)?.memoryMap else { return }
    let memory = IOMemory(in: machineFiles)
    let now = memory.ramText
    guard !memory.isHidden, then != now else { return }
    throw CommandError(
      .memoryMapChanged,
      "the memory map has changed since the kernel was loaded: \(then) then, \(now) now",
      advice: "load the kernel again, or run it anyway with -e -f")
  }
}

extension IOMemory {
  /// The ranges of RAM, in one line.
  fileprivate var ramText: String {
    memoryMap.ranges(of: .ram).ranges.map { $0.description }.joined(separator: " ")
  }
}
