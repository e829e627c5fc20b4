internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

// Which plans are printed, and what with.

extension Command {
  /// Ends the dry run of a load: prints the plan, and then what would stop the load on `machine`.
  ///
  /// - Throws: what would stop it, but for another machine, of which there is only the plan.
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
    // Who has captured a machine is not who will load there.
    let isOfCapture = isOther && found?.code == .situation(.notPermitted)
    let readiness = LoadReadiness(
      refusal: isOfCapture ? nil : found, state: machine.kexec, memory: memory.machine,
      user: Caller(in: machineFiles).user, isOtherMachine: isOther)
    let refusal = found?.ofDryRun
    if common.printsJSON, let refusal { report.errors = [refusal] }
    try write(report, readiness)
    guard var refusal, !isOther else { return }
    refusal.isInOutput = true
    throw refusal
  }

  /// Ends the dry run of what is no load: says what would be done, and then what `check` finds against it.
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

  /// Refuses what the running kernel would refuse: what can be known of that beforehand.
  private func checkLoad(of plan: LoadPlan, on machine: Machine) throws(CommandError) {
    try checkPermission(machine.kexec, purpose: plan.purpose)
    if plan.call == .segments, machine.kexec.lockdown != nil {
      let refusal = KexecCallError(call: .segments, errno: .notPermitted)
      throw CommandError(
        refusal, refusedLoad(of: plan, nil, after: refusal), after: nil, kernelLog: [])
    }
    if case .load(_, then: .jump) = invocation.action { try checkNamespace(machine.kexec) }
  }

  /// Prints the plan of a load that is done, for programs. Where a jump comes next nobody reads it.
  ///
  /// - Throws: when it is lost: the kernel stays loaded.
  func printLoaded(_ report: PlanReport) throws(CommandError) {
    guard common.printsJSON else { return }
    switch invocation.action {
    case .load(_, then: .jump), .load(_, then: .shutDown): break
    default:
      let name = report.plan.purpose.imageName
      try write(report, advice: "the \(name) is loaded all the same: only its plan is lost")
    }
  }

  /// The error of a load that was refused; for programs it stands in one object with the plan.
  func refused(_ report: PlanReport, _ error: CommandError) -> CommandError {
    guard common.printsJSON else { return error }
    var (report, error) = (report, error)
    report.errors = [error]
    // Said once, wherever it is lost.
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
  /// The same, said of what was not done.
  fileprivate var ofDryRun: CommandError {
    var error = self
    error.message = "this would be refused: \(message)"
    return error
  }
}
