internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Prints what is loaded.
  ///
  /// - Returns: 1 if an image for `purpose` is loaded, 0 if none is, 255 if the running kernel does
  ///   not support kexec of that kind: the exit codes of kexec-tools.
  func status(_ purpose: LoadOptions.Purpose) throws(CommandError) -> ExitCode {
    let command = StatusCommand(common: common, kernel: kernel)
    let state = try command.tell()
    try command.print(StatusReport(state, in: machineFiles))
    switch state.isLoaded(for: purpose) {
    case true?: return .usage
    case false?: return .success
    case nil: return .failure
    }
  }

  /// Prints how many bytes are reserved for a crash kernel, 0 if none are, as kexec-tools does.
  func printCrashSize() throws(CommandError) -> ExitCode {
    let machine = readMachine()
    let regions = PhysicalRangeSet(machine.ioMemory.crashRegions)
    guard machine.kexec.crashSize != nil || machineFiles.exists("/proc/iomem") else {
      throw CommandError(
        .stateUnknown,
        "cannot tell what is reserved: /sys/kernel/kexec_crash_size and /proc/iomem are missing",
        advice: mountAdvice)
    }
    try kernel.write("\(machine.kexec.crashSize ?? regions.byteCount)\n")
    return .success
  }
}
