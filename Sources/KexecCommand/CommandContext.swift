internal import LinuxSystem
internal import RunningSystem

/// What every command works with: the running kernel, and what the options say that all share.
protocol CommandContext {
  /// All that the program knows of the running kernel, and does to it, goes through this.
  var kernel: LinuxKernel { get }
  var common: CommonValues { get }
}

extension CommandContext {
  /// The machine that this is about: the running one, or one captured in a directory.
  func readMachine(
    with wanted: Machine.OptionalFacts = [], memory: MemoryFacts? = nil
  ) -> Machine {
    let files = machineFiles
    debug("reading the machine below \(files.root)/")
    return Machine.read(files, with: wanted, memory: memory)
  }

  /// The files of that machine.
  var machineFiles: FileTree {
    common.machineDirectory.map(FileTree.init(root:)) ?? kernel.files
  }

  /// Refuses a directory that holds no machine.
  func checkMachineDirectory() throws(CommandError) {
    guard let directory = common.machineDirectory else { return }
    // The root of the running machine is "", too.
    guard directory.isEmpty || !machineFiles.exists("/proc") else { return }
    throw CommandError(
      .noMachine,
      directory.isEmpty
        ? "--machine: its value is empty: no folder has such a name"
        : "--machine=\(quoted(directory)): there is no \(quoted(directory + "/proc"))",
      advice: adviceOnMissingFile(directory)
        ?? "it is the folder of a captured machine: lab capture, or copies of /proc and /sys")
  }

  /// Runs `body`, and says what stopped it.
  func reportingErrors(_ body: () throws(CommandError) -> ExitCode) -> ExitCode {
    do throws(CommandError) {
      return try body()
    } catch {
      return kernel.report(error, asJSON: common.printsJSON)
    }
  }

  /// Prints what was found, as text or as JSON; nothing with -q.
  func print(
    _ text: @autoclosure () -> String, json: @autoclosure () -> JSON
  ) throws(CommandError) {
    guard !common.isQuiet else { return }
    try kernel.write(common.printsJSON ? json().text : text())
  }

  /// Says `text` to those who asked for details.
  func debug(_ text: @autoclosure () -> String) {
    if common.isDebugging { kernel.streams.writeError("kexec: debug: \(text())\n") }
  }

  /// Says something that does not stop the work.
  func warn(_ text: String) {
    let terminal = kernel.errorTerminal
    kernel.streams.writeError(
      terminal.wrapped("kexec: \(terminal.styled("warning:", .warning)) \(text)\n", indent: 7))
  }
}

extension LinuxKernel {
  /// Writes `text` to the standard output.
  ///
  /// - Throws: when it is lost, and with `advice` then.
  func write(_ text: String, advice: String? = nil) throws(CommandError) {
    if let errno = streams.writeOutput(text) { throw CommandError(lost: errno, advice: advice) }
  }

  /// Says what stopped the program.
  func report(_ error: CommandError, asJSON: Bool) -> ExitCode {
    var lost: CommandError?
    if asJSON, !error.isInOutput {
      do throws(CommandError) {
        try write(JSON.document([("errors", .array([error.json]))]).text)
      } catch {
        lost = error
      }
    }
    let terminal = errorTerminal
    streams.writeError(
      error.text(by: programName, on: terminal) + (lost?.text(by: programName, on: terminal) ?? ""))
    return error.exitCode
  }
}
