internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

// When plans are printed, and with which errors and advice.

extension Command {
  /// Ends the dry run of a load: prints the plan, then what would prevent the load on `machine`.
  ///
  /// - Throws: the error that would prevent it. For a captured machine, only the plan counts.
  func print(
    _ report: PlanReport, on machine: Machine, memory: AvailableMemory
  ) throws(CommandError) {
    var report = report
    var found: CommandError?
    do throws(CommandError) {
      try checkLoad(of: report.plan, on: machine)
    } catch {
      found = error
    }
    let isOther = common.machineDirectory != nil
    let readiness = LoadReadiness(
      refusal: found, state: machine.kexec, memory: memory.machine,
      user: Caller(in: machineFiles).user, isOtherMachine: isOther)
    let refusal = found?.ofDryRun
    if common.printsJSON, let refusal { report.errors = [refusal] }
    try write(report, readiness)
    guard var refusal, !isOther else { return }
    refusal.isInOutput = true
    throw refusal
  }

  /// Ends the dry run of an action other than a load: prints what would be done, then runs `check`.
  func endDryRun(
    _ text: String, _ check: () throws(CommandError) -> Void
  ) throws(CommandError) -> ExitCode {
    try kernel.write("would \(text)\n")
    guard common.machineDirectory == nil else { return .success }
    do throws(CommandError) {
      try check()
    } catch {
      throw error.ofDryRun
    }
    return .success
  }

  /// Refuses what the running kernel would refuse, as far as that is known without the system call.
  private func checkLoad(of plan: LoadPlan, on machine: Machine) throws(CommandError) {
    try checkPermission(machine.kexec, purpose: plan.purpose)
    if plan.call == .segments, machine.kexec.lockdown != nil {
      let refusal = KexecCallError(call: .segments, errno: .notPermitted)
      throw CommandError(
        refusal, refusedLoad(of: plan, nil, after: refusal), after: nil, kernelLog: [])
    }
    if case .load(_, then: .jump) = invocation.action { try checkNamespace(machine.kexec) }
  }

  /// Prints the plan of a completed load as JSON. Before a jump or a shutdown nothing is printed:
  /// nobody would read it.
  ///
  /// - Throws: if the output cannot be written. The kernel stays loaded.
  func printLoaded(_ report: PlanReport) throws(CommandError) {
    guard common.printsJSON else { return }
    switch invocation.action {
    case .load(_, then: .jump), .load(_, then: .shutDown): break
    default:
      let name = report.plan.purpose.imageName
      try write(report, advice: "the \(name) is loaded anyway: only its plan is lost")
    }
  }

  /// The error of a refused load. With --json, it is printed here in one document with the plan.
  func refused(_ report: PlanReport, _ error: CommandError) -> CommandError {
    guard common.printsJSON else { return error }
    var (report, error) = (report, error)
    report.errors = [error]
    // Set first, so that the error is reported once even if writing fails.
    error.isInOutput = true
    do throws(CommandError) {
      try write(report)
    } catch {
      warn(error.message)
    }
    return error
  }

  private func write(
    _ report: PlanReport, _ readiness: LoadReadiness? = nil, advice: String? = nil
  ) throws(CommandError) {
    try kernel.write(
      common.printsJSON
        ? report.json.text
        : report.text(
          on: kernel.outputTerminal, isDetailed: common.isDebugging, readiness: readiness),
      advice: advice)
  }
}

extension CommandError {
  /// The same error for a dry run.
  fileprivate var ofDryRun: CommandError {
    var error = self
    error.message = "the load would be refused: \(message)"
    return error
  }
}
