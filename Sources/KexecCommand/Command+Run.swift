internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

extension Command {
  /// Runs the loaded kernel: writes the file systems, takes the network down, and jumps.
  func exec() throws(CommandError) -> ExitCode {
    // Services have stopped by now, so read only the files that are needed.
    let state = KexecState(in: machineFiles)
    if state.isLoaded == nil, state.isTold {
      var error = CommandError(withoutKexec: state, for: .reboot)
      // The exit code for "nothing is loaded": without kexec, nothing can be.
      error.exitCode = .usage
      throw error
    }
    if state.isLoaded == false {
      throw CommandError(
        .nothingLoaded, "nothing is loaded",
        advice: "load a kernel first: kexec -l KERNEL --initrd=INITRD --reuse-cmdline",
        exitCode: .usage)
    }
    let record = records.record(of: .reboot)
    func check() throws(CommandError) {
      try checkPermission(state, purpose: .reboot, forLoad: false)
      if !invocation.isForced { try checkMemoryMap() }
      try checkHandover(record)
      try checkNamespace(state)
    }
    if invocation.isDryRun { return try endDryRun("run the loaded kernel", check) }
    try check()
    records.noteJump(at: kernel.clocks.wallClock())
    log("jumping into \(record?.name ?? "the loaded kernel")")
    do throws(CommandError) {
      try syncFileSystems()
    } catch {
      log("no jump: \(error.message)")
      throw error
    }
    // After this, nothing may be read from disk: the disk may be behind the network.
    kernel.process.lockInMemory()
    let network = takeNetworkDown(state, record)
    debug("calling reboot(LINUX_REBOOT_CMD_KEXEC)")
    do {
      try kernel.kexec.jump()
    } catch {
      log("no jump: \(error.text)")
      if let network { bringUp(network) }
      throw CommandError(
        jump: error, returns: record?.returns ?? false, KexecState(in: machineFiles),
        CallObstacles(in: machineFiles))
    }
    log("the other kernel has returned")
    debug("the other kernel has returned")
    return .success
  }

  /// Refuses early where the kernel would refuse the jump, before the network is taken down.
  func checkNamespace(_ state: KexecState) throws(CommandError) {
    guard !state.isInFirstProcessNamespace else { return }
    throw CommandError(
      .inContainer, "cannot run the loaded kernel: this is a container with its own process ids",
      advice: "run it on the host")
  }

  private func syncFileSystems() throws(CommandError) {
    // The server of a network file system may be dead: then this never ends.
    beginProgress("writing file systems (-y omits this)")
    defer { endProgress() }
    switch invocation.sync {
    case .none: break
    case .ordinary:
      debug("writing file systems")
      kernel.fileSystems.sync()
    case .forCertain:
      debug("writing every file system (--force-sync)")
      guard let unwritten = kernel.fileSystems.syncForCertain(mountsIn: kernel.files) else {
        throw CommandError(
          .notSynced,
          "cannot write every file system: /proc/self/mountinfo, which lists what is "
            + "mounted, cannot be read",
          advice: "nothing was run; mount /proc, or omit --force-sync")
      }
      for mount in unwritten where mount.isNoLoss {
        warn("\(mount.text): may not be written, because only its user has access")
      }
      let failures = unwritten.filter { !$0.isNoLoss }
      guard failures.isEmpty else {
        throw CommandError(
          .notSynced,
          "cannot write every file system: \(failures.map { $0.text }.joined(separator: ", "))",
          advice: "nothing was run; unmount them, or omit --force-sync")
      }
    }
  }

  /// Starts a shutdown by the init system, which stops services in order and then jumps.
  func shutDown() throws(CommandError) -> ExitCode {
    // The init system does the rest, including the unmounting.
    if invocation.sync == .forCertain { try syncFileSystems() }
    let isSystemd = kernel.files.exists("/run/systemd/system")
    let (program, arguments) =
      isSystemd ? ("systemctl", ["kexec"]) : ("shutdown", ["-r", "now"])
    let line = "\(program) \(arguments.joined(separator: " "))"
    debug("running \(line)")
    log(
      "shutting down by \(line), into \(records.record(of: .reboot)?.name ?? "the loaded kernel")")
    switch kernel.process.run(program, arguments) {
    case .success(0): return .success
    case .success(let code):
      throw CommandError(
        .shutdownFailed, "\(program) failed with exit code \(code); the kernel stays loaded")
    case .failure(let errno):
      throw CommandError(
        .shutdownFailed, "cannot run \(program): \(errno.message); the kernel stays loaded",
        advice: "kexec -e runs it at once")
    }
  }

  /// Frees the loaded kernel. If one system call is refused, the other is tried.
  func unload(_ purpose: LoadOptions.Purpose) throws(CommandError) -> ExitCode {
    let state = KexecState(in: machineFiles)
    let isCrash = purpose == .crash
    func check() throws(CommandError) {
      try checkPermission(state, purpose: purpose)
      // Without a crash region some kernels refuse this and others do not; kexec-tools always
      // refuses.
      if isCrash, state.crashSize == 0 { throw .noCrashRegion(on: readMachine()) }
      sayOtherKind(than: purpose, state)
    }
    if invocation.isDryRun { return try endDryRun("unload the \(purpose.imageName)", check) }
    try check()
    let calls: [(LoadCall, () throws(KexecCallError) -> Void)] = [
      (
        .segments,
        { () throws(KexecCallError) in
          try kernel.kexec.unload(flags: isCrash ? SegmentFlags.onCrash : 0)
        }
      ),
      (
        .file,
        { () throws(KexecCallError) in
          try kernel.kexec.fileUnload(flags: isCrash ? FileFlags.onCrash : 0)
        }
      ),
    ]
    // Each attempt counts against kexec_load_limit_*, so the call that lockdown refuses comes last.
    let ordered = state.lockdown == nil ? calls : calls.reversed()
    var errors: [KexecCallError] = []
    for (choice, call) in ordered where choice == invocation.options.call ?? choice {
      do throws(KexecCallError) {
        try call()
        records.forget(purpose)
        if state.isLoaded(for: purpose) != false {
          log("unloaded the \(purpose.imageName)")
        }
        return .success
      } catch {
        debug("\(error.call.name) failed: \(error.errno.name)")
        errors.append(error)
      }
    }
    throw CommandError(
      unloading: purpose, errors, machine: readMachine(), CallObstacles(in: machineFiles))
  }
}

extension Command {
  /// Warns if no kernel of this kind is loaded, but one of the other kind is.
  private func sayOtherKind(than purpose: LoadOptions.Purpose, _ state: KexecState) {
    let other: LoadOptions.Purpose = purpose == .crash ? .reboot : .crash
    guard state.isLoaded(for: purpose) == false, state.isLoaded(for: other) == true else { return }
    warn(
      "no \(purpose.imageName) is loaded, only a \(other.imageName), which kexec "
        + (other == .crash ? "-u -p" : "-u") + " unloads")
  }
}

extension FileSystems.Unwritten {
  /// The mount point and why it was not written.
  fileprivate var text: String {
    "\(quoted(mountPoint)) (\(errno?.message ?? "hidden below another mount"))"
  }
}
