internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Says what is loaded.
  ///
  /// - Returns: 1 when an image for `purpose` is loaded, else 0: the exit codes of kexec-tools.
  func status(_ purpose: LoadOptions.Purpose) throws(CommandError) -> ExitCode {
    let command = StatusCommand(common: common, kernel: kernel)
    let state = try command.tell()
    command.print(StatusReport(state, in: machineFiles))
    return state.isLoaded(for: purpose) == true ? .usage : .success
  }

  /// Prints the bytes that are reserved for a panic kernel, 0 without any, as kexec-tools does.
  func printCrashSize() -> ExitCode {
    let machine = readMachine()
    let regions = PhysicalRangeSet(machine.ioMemory.crashRegions)
    kernel.streams.writeOutput("\(machine.kexec.crashSize ?? regions.byteCount)\n")
    return .success
  }
}
