internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

// Which plans are printed, and what with.

extension Command {
  /// Prints the plan of a dry run. As JSON it says what would stop the load on `machine`.
  func print(_ report: PlanReport, on machine: Machine) throws(CommandError) {
    var report = report
    if common.printsJSON {
      do throws(CommandError) {
        try checkPermission(machine.kexec, purpose: report.plan.purpose)
      } catch {
        report.errors = [error]
      }
    }
    try write(report)
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

  private func write(_ report: PlanReport, advice: String? = nil) throws(CommandError) {
    try kernel.write(common.printsJSON ? report.json.text : report.text, advice: advice)
  }
}
