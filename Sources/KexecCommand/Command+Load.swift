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
    try checkArchitecture()
    try checkWhatIsReused()
    beginProgress("unpacking and checking \(quoted(path))")
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(path)): the file, or an initrd, got shorter or unreadable while it was read\n"
        + "  nothing was loaded or unloaded\n")
    // What can be had before the kernel is unpacked into it.
    let memory = MemoryFacts(in: machineFiles)
    let files = try openPermittedFiles(kernel: path, limit: unpackedLimit(memory))
    let machine = readMachine(with: options.neededFacts(for: files.image), memory: memory)
    let request = makeRequest(files, on: machine)
    let planner: LoadPlanner
    do {
      planner = try LoadPlanner(request, image: files.image, on: machine)
    } catch {
      endProgress()
      sayMapNotes(of: machine)
      throw CommandError(error, request: request, machine: machine, after: nil)
    }
    kernel.process.evictProgram()
    let job = LoadJob(
      planner: planner, request: request, machine: machine, memory: memory.forALoad, files: files)
    var routes = planner.routes[...]
    var earlier: LoadFailure?
    var inspection: InitrdInspection?
    while true {
      // There is at least one.
      let route = routes.removeFirst()
      guard
        let failure = try attempt(route, of: job, after: earlier, inspection: &inspection)
      else { return .success }
      guard failure.allowsAnotherRoute(after: route), !routes.isEmpty else {
        endProgress()
        // With a plan they are said already.
        if case .notPlanned = failure { sayMapNotes(of: machine) }
        throw error(failure, of: job, after: earlier)
      }
      earlier = failure
    }
  }

  /// What a load is made of. Code to copy all of it, were it a struct, would be 35 kB.
  final class LoadJob {
    let planner: LoadPlanner
    /// The user's own request.
    let request: LoadRequest
    let machine: Machine
    /// What there was before anything was unpacked.
    let memory: AvailableMemory
    let files: Files

    init(
      planner: LoadPlanner, request: LoadRequest, machine: Machine, memory: AvailableMemory,
      files: Files
    ) {
      (self.planner, self.request, self.machine) = (planner, request, machine)
      (self.memory, self.files) = (memory, files)
    }
  }

  /// Why a route came to nothing.
  private enum LoadFailure {
    /// Nothing could be planned for it.
    case notPlanned(PlanningError)
    /// The kernel refused the call, and wrote these lines into its log meanwhile.
    case refused(KexecCallError, PlanReport, kernelLog: [String])

    var refusal: KexecCallError? {
      if case .refused(let error, _, _) = self { error } else { nil }
    }

    /// Whether another route may be tried after `route`. What one call cannot do the other may, but
    /// never around a policy.
    func allowsAnotherRoute(after route: Route) -> Bool {
      switch self {
      // What is wrong with a file is wrong by every call.
      case .notPlanned(.damagedInitrd): false
      // The other call takes no less.
      case .notPlanned(.littleMemory): false
      case .notPlanned: route.reason != .policy
      case .refused(let error, _, _): error.allowsAnotherRoute
      }
    }
  }

  /// Plans the load by `route` and carries it out, or prints the plan in a dry run.
  ///
  /// - Returns: nil when it worked.
  private func attempt(
    _ route: Route, of job: LoadJob, after earlier: LoadFailure?,
    inspection: inout InitrdInspection?
  ) throws(CommandError) -> LoadFailure? {
    let plan: LoadPlan
    do throws(PlanningError) {
      let isFirst = if case .notPlanned = earlier { false } else { true }
      let route = isFirst ? route : Route(route.call, .otherNotPlanned)
      plan = try planWithinMemory(by: route, of: job, inspection: &inspection)
    } catch {
      return .notPlanned(error)
    }
    endProgress()
    var report = PlanReport(plan: plan)
    if case .notPlanned(let error) = earlier {
      let reason = CommandError(error, request: job.request, machine: job.machine, after: nil)
      warn("not by the other call: \(reason.message)")
      report.warnings = [reason]
    }
    if invocation.isDryRun {
      try print(report, on: job.machine, memory: job.memory)
      return nil
    }
    for note in plan.notes { say(note) }
    debug("the plan:\n" + report.text(on: kernel.errorTerminal, isDetailed: true))
    let callFiles = try callFiles(for: plan, job.files)
    let newLogLines = kernel.log.listen()
    do {
      report.laterNotes = try carryOut(
        plan, kernel: callFiles.kernel, initrd: callFiles.initrd)
    } catch {
      debug("\(error.call.name) failed: \(error.errno.name)")
      if plan.purpose == .crash { afterRefusedCrashLoad(of: plan.request.kernel.path) }
      return .refused(error, report, kernelLog: newLogLines())
    }
    try checkSources(of: plan, job.files)
    kernel.signals.endOnLostFile()
    recordLoad(plan, given: job.request, on: job.machine)
    try printLoaded(report)
    return nil
  }

  /// What is said of the last failure, and of the one before it.
  private func error(
    _ failure: LoadFailure, of job: LoadJob, after earlier: LoadFailure?
  ) -> CommandError {
    switch (failure, earlier) {
    case (.notPlanned(let error), nil), (.notPlanned, .notPlanned(let error)):
      // The first error is told when no route can be planned.
      CommandError(error, request: job.request, machine: job.machine, after: nil)
    case (.notPlanned(let error), .refused(let refusal, _, _)):
      CommandError(error, request: job.request, machine: readMachine(), after: refusal)
    case (.refused(let error, let report, let log), _):
      refused(
        report,
        CommandError(
          error, refusedLoad(of: report.plan, job.files, after: error), after: earlier?.refusal,
          kernelLog: log))
    }
  }

  /// Gives what is planned to the running kernel.
  ///
  /// - Returns: what is to be said of it beside the plan's own notes.
  private func carryOut(
    _ plan: LoadPlan, kernel file: InputFile, initrd: InputFile?
  ) throws(KexecCallError) -> [PlanNote] {
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
        let note = PlanNote.unknownToKernel(plan.request.bestEffortOptions)
        say(note)
        try kernel.kexec.fileLoad(
          kernel: file, initrd: initrd, commandLine: commandLine, flags: load.flags)
        return [note]
      }
    }
    return []
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

  /// Says what cannot be in the machine's memory maps: it may be why nothing could be planned.
  func sayMapNotes(of machine: Machine) {
    machine.mapNotes.forEach(say)
  }

  private func say(_ note: PlanNote) {
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
