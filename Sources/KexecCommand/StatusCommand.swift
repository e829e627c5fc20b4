internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

/// `kexec status`: prints what is loaded.
struct StatusCommand: WordCommand {
  typealias Key = CommonOption

  static let summary = "say what is loaded"

  let common: CommonValues
  let kernel: LinuxKernel

  func run() throws(CommandError) -> ExitCode {
    try print(StatusReport(try tell(), in: machineFiles))
    return .success
  }

  /// What is loaded. Removes records of kernels that are no longer loaded.
  func tell() throws(CommandError) -> KexecState {
    let files = machineFiles
    let state = KexecState(in: files)
    guard state.isLoaded != nil || state.isTold else {
      throw CommandError(
        .stateUnknown, "\(files.root)/sys/kernel is not there: what is loaded cannot be determined",
        advice: "mount it: mount -t sysfs sysfs /sys")
    }
    if common.machineDirectory == nil { LoadRecords(files: files).forgetUnloaded(state) }
    return state
  }

  func print(_ report: StatusReport) throws(CommandError) {
    try print(report.text(on: kernel.outputTerminal), json: report.json)
  }
}

extension StatusCommand {
  init(
    _ values: CommonValues, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    try CommandWord.status.expectNone(arguments)
    self.init(common: values, kernel: kernel)
  }
}
