internal import LinuxSystem
internal import RunningSystem

/// What every command works with: the running kernel, and the values of the options that all
/// commands share.
protocol CommandContext {
  /// The only access that commands have to the running kernel, for reading and for changing it.
  var kernel: LinuxKernel { get }
  var common: CommonValues { get }
}

extension CommandContext {
  /// The machine that the command is about: the running one, or one captured in a directory.
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

  /// Refuses a directory that does not hold a captured machine.
  func checkMachineDirectory() throws(CommandError) {
    guard let directory = common.machineDirectory else { return }
    // "" and / are the root of the running machine, which may have no /proc.
    guard directory.isEmpty || !machineFiles.exists("/proc") else { return }
    throw CommandError(
      .noMachine,
      directory.isEmpty
        ? "--machine: its value is empty: no directory can have this name"
        : "--machine=\(quoted(directory)): there is no \(quoted(directory + "/proc"))",
      advice: adviceOnMissingFile(directory)
        ?? "give a directory with copies of that machine's /proc and /sys: docs/options.md says of which files"
    )
  }

  /// Runs `body`, and reports the error that it throws.
  func reportingErrors(_ body: () throws(CommandError) -> ExitCode) -> ExitCode {
    do throws(CommandError) {
      return try body()
    } catch {
      return kernel.report(error, asJSON: common.printsJSON)
    }
  }

  /// Prints a result as text or as JSON; prints nothing with -q.
  func print(
    _ text: @autoclosure () -> String, json: @autoclosure () -> JSON
  ) throws(CommandError) {
    guard !common.isQuiet else { return }
    try kernel.write(common.printsJSON ? json().text : text())
  }

  /// Prints `text` on standard error with -d.
  func debug(_ text: @autoclosure () -> String) {
    if common.isDebugging { kernel.streams.writeError("kexec: debug: \(text())\n") }
  }

  /// Prints a warning on standard error.
  func warn(_ text: String) {
    let terminal = kernel.errorTerminal
    kernel.streams.writeError(
      terminal.wrapped("kexec: \(terminal.styled("warning:", .warning)) \(text)\n", indent: 7))
  }
}

extension LinuxKernel {
  /// Writes `text` to standard output.
  ///
  /// - Throws: if not all of it could be written; the error has `advice` if that is given.
  func write(_ text: String, advice: String? = nil) throws(CommandError) {
    if let errno = streams.writeOutput(text) { throw CommandError(lost: errno, advice: advice) }
  }

  /// Prints the error that stopped the program, and returns its exit code.
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
