internal import KexecABI
internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Plans the load of the kernel at `path`, and loads it unless this is a dry run.
  func load(kernel path: String) throws(CommandError) -> ExitCode {
    let options = invocation.options
    try checkArchitecture()
    try checkWhatIsReused()
    beginProgress("unpacking and checking \(quoted(path))")
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(path)): the kernel file or an initrd became shorter or unreadable while it was read\n"
        + "  nothing was loaded or unloaded\n")
    // Read before the kernel is unpacked, which takes memory itself.
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
      // The planner gives at least one route.
      let route = routes.removeFirst()
      guard
        let failure = try attempt(route, of: job, after: earlier, inspection: &inspection)
      else { return .success }
      guard failure.allowsAnotherRoute(after: route), !routes.isEmpty else {
        endProgress()
        // A plan has these notes itself, and they were printed with it.
        if case .notPlanned = failure { sayMapNotes(of: machine) }
        throw error(failure, of: job, after: earlier)
      }
      earlier = failure
    }
  }

  /// Everything that a load needs. A class: as a struct, the code that copies it would take 35 kB.
  final class LoadJob {
    let planner: LoadPlanner
    /// The user's own request, before a unified image was taken apart.
    let request: LoadRequest
    let machine: Machine
    /// The memory that was available before anything was unpacked.
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

  /// Why a route failed.
  private enum LoadFailure {
    /// No plan was possible.
    case notPlanned(PlanningError)
    /// The kernel refused the system call, and wrote these lines into its log during it.
    case refused(KexecCallError, PlanReport, kernelLog: [String])

    var refusal: KexecCallError? {
      if case .refused(let error, _, _) = self { error } else { nil }
    }

    /// Whether the next route may be tried after `route` failed. The other system call may do what
    /// this one cannot, but it must not be used to bypass a policy.
    func allowsAnotherRoute(after route: Route) -> Bool {
      switch self {
      // A damaged file is damaged for both system calls.
      case .notPlanned(.damagedInitrd): false
      // The other system call needs as much memory.
      case .notPlanned(.littleMemory): false
      case .notPlanned: route.reason != .policy
      case .refused(let error, _, _): error.allowsAnotherRoute
      }
    }
  }

  /// Plans the load by `route` and carries it out, or prints the plan in a dry run.
  ///
  /// - Returns: nil on success.
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
      warn("the other system call is not possible: \(reason.message)")
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

  /// The error to report for the last failure and the one before it.
  private func error(
    _ failure: LoadFailure, of job: LoadJob, after earlier: LoadFailure?
  ) -> CommandError {
    switch (failure, earlier) {
    case (.notPlanned(let error), nil), (.notPlanned, .notPlanned(let error)):
      // If neither route can be planned, the first error is reported.
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

  /// Loads what is planned into the running kernel.
  ///
  /// - Returns: notes that are not among the plan's own.
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

  /// Loads the segments of `load` by kexec_load.
  func carryOut(_ load: SegmentLoad) throws(KexecCallError) {
    debug("calling kexec_load")
    try kernel.kexec.load(
      entry: load.entry.value,
      segments: load.segments.map {
        KexecSegment(bytes: $0.bytes, destination: $0.destination)
      }, flags: load.flags)
  }

  /// Reports what is impossible in the machine's memory maps: it may be why no plan was possible.
  func sayMapNotes(of machine: Machine) {
    machine.mapNotes.forEach(say)
  }

  private func say(_ note: PlanNote) {
    if note.isWarning { warn(note.text) } else { debug(note.text) }
  }
}

extension KexecCallError {
  /// Whether the other system call may be tried. kexec_load is tried if the error means only that
  /// kexec_file_load does not support this file, never after EPERM or a signature error, because
  /// that would bypass a policy. kexec_file_load, which obeys all policies, is also tried after
  /// EPERM.
  fileprivate var allowsAnotherRoute: Bool {
    switch call {
    case .file:
      [.notImplemented, .notExecutable, .invalidArgument, .notSupported].contains(errno)
    case .segments: [.notImplemented, .notPermitted, .accessDenied].contains(errno)
    }
  }
}
