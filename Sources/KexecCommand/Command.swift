internal import LinuxSystem
internal import RunningSystem

/// The `kexec` program: reads its arguments, does what they say, and says what it did.
package struct Command {
  let invocation: Invocation

  /// Runs the program with `arguments`, the first of which is its name.
  package static func run(_ arguments: [String]) -> ExitCode {
    Signals.surviveBrokenPipes()
    do throws(CommandError) {
      return try Command(invocation: Invocation(arguments)).run()
    } catch {
      StandardStreams.writeError(error.text)
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
      StandardStreams.writeOutput(helpText())
      return .success
    case .version:
      StandardStreams.writeOutput("kexec \(productVersion)\n")
      return .success
    case .status(let purpose): return try status(purpose)
    case .loadJumpBackHelper: return try loadJumpBackHelper()
    case .report: return try reportTimes()
    case .printCrashSize: return printCrashSize()
    case .unload(let purpose): return try unload(purpose)
    case .exec: return try exec()
    case .load(let kernel, let purpose, let sequel):
      let exit = try load(kernel: kernel, purpose: purpose)
      if invocation.isDryRun { return exit }
      switch sequel {
      case .nothing: return exit
      case .jump: return try exec()
      case .shutDown: return try shutDown()
      }
    }
  }

  /// The machine that this is about: the running one, or one captured in a folder.
  func readMachine(forCrash: Bool = false) -> Machine {
    let files = machineFiles
    debug("reading the machine below \(files.root)/")
    return Machine.read(
      files, asksTerminals: invocation.reusesConsole, listsModules: invocation.preservesModules,
      forCrash: forCrash)
  }

  /// The files of that machine.
  var machineFiles: FileTree {
    invocation.machineFolder.map(FileTree.init(root:)) ?? .running
  }

  /// Says `text` to those who asked for details.
  func debug(_ text: @autoclosure () -> String) {
    if invocation.isDebugging { StandardStreams.writeError("kexec: debug: \(text())\n") }
  }

  /// Says something that does not stop the work.
  func warn(_ text: String) {
    StandardStreams.writeError("kexec: warning: \(text)\n")
  }
}

/// The version that `--version` prints.
package let productVersion = "0.1.0"
