package import LinuxSystem
internal import RunningSystem

/// The `kexec` program: reads its arguments, does what they say, and says what it did.
package struct Command {
  let invocation: Invocation
  /// All that the program knows of the running kernel, and does to it, goes through this.
  let kernel: LinuxKernel

  /// Runs the program with `arguments`, the first of which is its name, on `kernel`.
  package static func run(_ arguments: [String], on kernel: LinuxKernel) -> ExitCode {
    kernel.signals.surviveBrokenPipes()
    do throws(CommandError) {
      return try Command(invocation: Invocation(arguments), kernel: kernel).run()
    } catch {
      kernel.streams.writeError(error.text)
      return error.exitCode
    }
  }

  private func run() throws(CommandError) -> ExitCode {
    if let folder = invocation.machineFolder, !machineFiles.exists("/proc") {
      throw CommandError(
        "--machine=\(folder): there is no \(folder)/proc",
        advice: "it is the folder of a captured machine: lab capture, or copies of /proc and /sys")
    }
    switch invocation.action {
    case .help:
      kernel.streams.writeOutput(helpText())
      return .success
    case .version:
      kernel.streams.writeOutput("kexec \(productVersion)\n")
      return .success
    case .status(let purpose): return try status(purpose)
    case .loadJumpBackHelper: return try loadJumpBackHelper()
    case .report: return try reportTimes()
    case .printCrashSize: return printCrashSize()
    case .unload(let purpose): return try unload(purpose)
    case .exec: return try exec()
    case .load(let path, let sequel):
      let exit = try load(kernel: path)
      if invocation.isDryRun { return exit }
      switch sequel {
      case .nothing: return exit
      case .jump: return try exec()
      case .shutDown: return try shutDown()
      }
    }
  }

  /// The machine that this is about: the running one, or one captured in a folder.
  func readMachine(
    with wanted: Machine.OptionalFacts = [], memory: MemoryFacts? = nil
  ) -> Machine {
    let files = machineFiles
    debug("reading the machine below \(files.root)/")
    return Machine.read(files, with: wanted, memory: memory)
  }

  /// The files of that machine.
  var machineFiles: FileTree {
    invocation.machineFolder.map(FileTree.init(root:)) ?? kernel.files
  }

  /// Says `text` to those who asked for details.
  func debug(_ text: @autoclosure () -> String) {
    if invocation.isDebugging { kernel.streams.writeError("kexec: debug: \(text())\n") }
  }

  /// Says something that does not stop the work.
  func warn(_ text: String) {
    kernel.streams.writeError("kexec: warning: \(text)\n")
  }
}

/// The version that `--version` prints.
package let productVersion = "0.1.0"
