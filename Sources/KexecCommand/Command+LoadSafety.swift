internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

// What keeps a load from ending badly: for others, for whom there would be no memory, and at the jump.

extension Command {
  /// Plans the load, with nothing unpacked where memory is short: rather than that somebody must die
  /// for it when the running kernel makes its copy.
  func planWithinMemory(
    by route: Route, of job: LoadJob, inspection: inout InitrdInspection?
  ) throws(PlanningError) -> LoadPlan {
    // A machine of the past has had all of its memory before we took any.
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
    // What was unpacked is gone.
    let plan = try job.planner.thrifty.plan(by: route, inspection: &inspection)
    if let lack = shortage(of: plan) { throw .littleMemory(lack) }
    return plan.explained(by: lack)
  }

  /// What there is to look at when the running kernel has refused `plan`, of `files`.
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

  /// What must be known after the running kernel has refused a crash kernel, whose kernel file is at
  /// `path`: it has dropped the one that was loaded before, as a rule.
  func afterRefusedCrashLoad(of path: String) {
    let isLoaded = KexecState(in: machineFiles).isCrashLoaded
    if isLoaded == false { records.forget(.crash) }
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(path)): the file, or an initrd, got shorter or unreadable while it was read\n  "
        + (isLoaded == true
          ? "the old crash kernel is still loaded\n"
          : isLoaded == false
            ? "no crash kernel is loaded: the running kernel dropped the old one\n"
            : "whether a crash kernel is loaded is not known\n"))
  }

  /// Unloads what was loaded from a file that was written to meanwhile: the purgatory would find that
  /// the kernel's copy is not what was digested, and reset the machine.
  func checkSources(of plan: LoadPlan, _ files: Files) throws(CommandError) {
    guard case .segments(let load) = plan.action else { return }
    // A signal's handler can unload nothing.
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(plan.request.kernel.path)): the file, or an initrd, got shorter or unreadable while it"
        + " was loaded\n  what is loaded must not be run: free it by kexec -u"
        + (plan.purpose == .crash ? " -p" : "") + "\n")
    // To read a file that got shorter would be the end: that is looked at first.
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
      log("unloaded again the \(plan.purpose.imageName): a file was changed while it was loaded")
    }
    throw CommandError(
      .fileChanged,
      "\(quoted(path)): the file was changed while it was loaded: "
        + (isUnloaded
          ? "it is unloaded, and what was loaded before is gone, too"
          : "it cannot be unloaded, and must not be run"),
      advice: "load again when nobody writes to it")
  }
}
