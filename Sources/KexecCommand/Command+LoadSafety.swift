internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

// Checks that prevent harm by a load: running out of memory, and a jump that fails.

extension Command {
  /// Plans the load. If memory is short, plans again with nothing unpacked: otherwise the kernel
  /// would kill processes when it makes its copy of the segments.
  func planWithinMemory(
    by route: Route, of job: LoadJob, inspection: inout InitrdInspection?
  ) throws(PlanningError) -> LoadPlan {
    // Of a captured machine, the available memory does not include what this process has used.
    let isHere = common.machineDirectory == nil
    func shortage(of plan: LoadPlan) -> MemoryShortage? {
      plan.shortage(in: MemoryFacts(in: machineFiles).forALoad, isUnpacked: isHere)
    }
    if let lack = job.planner.shortage(by: route.call, in: job.memory) { throw .littleMemory(lack) }
    let lack: MemoryShortage
    do {
      let plan = try job.planner.plan(by: route, inspection: &inspection)
      guard let found = shortage(of: plan) else { return plan }
      guard plan.isFast, plan.call == .segments else { throw .littleMemory(found) }
      lack = found
    }
    // The first plan and its unpacked bytes have been freed here.
    let plan = try job.planner.thrifty.plan(by: route, inspection: &inspection)
    if let lack = shortage(of: plan) { throw .littleMemory(lack) }
    return plan.explained(by: lack)
  }

  /// Collects what may explain why the running kernel refused `plan`, made from `files`.
  func refusedLoad(
    of plan: LoadPlan, _ files: Files?, after error: KexecCallError
  ) -> RefusedLoad {
    let load = RefusedLoad(plan, on: readMachine(), CallObstacles(in: machineFiles))
    if error.errno == .badAddress {
      load.cutShort = files?.all.first(where: { $0.isCutShort })?.path
    }
    if error.errno == .textFileBusy {
      for file in files?.all ?? [] where load.writer == nil {
        load.writer = file.writer(in: machineFiles).map { (file.path, $0) }
      }
    }
    return load
  }

  /// Updates the record and the signal message after the running kernel refused a crash kernel from
  /// the file at `path`: it has usually dropped the previous crash kernel.
  func afterRefusedCrashLoad(of path: String) {
    let isLoaded = KexecState(in: machineFiles).isCrashLoaded
    if isLoaded == false { records.forget(.crash) }
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(path)): the kernel file or an initrd became shorter or unreadable while it was read\n  "
        + (isLoaded == true
          ? "the previous crash kernel is still loaded\n"
          : isLoaded == false
            ? "no crash kernel is loaded: the running kernel dropped the previous one\n"
            : "it is unknown whether a crash kernel is loaded\n"))
  }

  /// Unloads the kernel again if one of its files was written to during the load: the purgatory
  /// would find that the digests do not match, and reset the machine.
  func checkSources(of plan: LoadPlan, _ files: Files) throws(CommandError) {
    guard case .segments(let load) = plan.action else { return }
    // A signal handler cannot unload a kernel: the message says how to do it.
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(plan.request.kernel.path)): the kernel file or an initrd became shorter or unreadable while it"
        + " was loaded\n  do not run what is loaded: free it with kexec -u"
        + (plan.purpose == .crash ? " -p" : "") + "\n")
    // Reading a file that became shorter would raise SIGBUS, so the lengths are checked first.
    guard
      let path = files.all.first(where: { $0.isCutShort })?.path
        ?? load.changedSource.map(plan.request.path(of:))
    else { return }
    let flags = plan.purpose == .crash ? SegmentFlags.onCrash : 0
    let isUnloaded: Bool
    do {
      try kernel.kexec.unload(flags: flags)
      isUnloaded = true
    } catch {
      debug("\(error.call.name) failed: \(error.errno.name)")
      isUnloaded = false
    }
    if isUnloaded {
      records.forget(plan.purpose)
      log("unloaded the \(plan.purpose.imageName) again: a file was changed while it was loaded")
    }
    throw CommandError(
      .fileChanged,
      "\(quoted(path)): the file was changed while it was loaded: "
        + (isUnloaded
          ? "it was unloaded again, and what was loaded before is gone, too"
          : "it cannot be unloaded, and must not be run"),
      advice: "load again when no process writes to it")
  }
}
