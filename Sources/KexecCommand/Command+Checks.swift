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
    if isSupported == nil, state.isTold {
      throw CommandError(
        .notSupported, "the running kernel was built without kexec for a \(purpose.imageName)")
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

  /// Leaves behind what is to be known later of the load of `request`. Only a help: it may fail.
  func recordLoad(on machine: Machine, request: LoadRequest) {
    guard request.options.purpose == .reboot else { return }
    let isWritten = records.record(
      memoryMap: machine.ioMemory.isHidden ? nil : machine.ioMemory.ramText,
      isStamped: request.options.isStamped, returns: request.options.preservesContext)
    if !isWritten {
      debug("\(LoadRecords.memoryMap) cannot be written: no check of the map before -e")
    }
  }

  /// Refuses to run an image that was made for other memory than there is now.
  func checkMemoryMap() throws(CommandError) {
    guard let then = records.memoryMapAtLoad else { return }
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
    memoryMap.ranges(of: .ram).ranges.map(\.description).joined(separator: " ")
  }
}
