package import LinuxSystem

/// The `kexec` program: reads its arguments, acts on them, and reports what it did. A value of this
/// type is the classic command line; commands that a word names have types of their own
/// (`CommandWord`).
package struct Command: CommandContext {
  let invocation: Invocation
  let kernel: LinuxKernel

  var common: CommonValues { invocation.common }

  /// Runs the program with `arguments`, the first of which is its name, on `kernel`.
  package static func run(_ arguments: [String], on kernel: LinuxKernel) -> ExitCode {
    var kernel = kernel
    if let name = arguments.first?.split(separator: "/").last { kernel.programName = String(name) }
    kernel.signals.surviveBrokenPipes()
    do throws(CommandError) {
      guard kernel.streams.holdClosed() else {
        throw CommandError(
          .streamsClosed,
          "a standard stream is closed, and an opened file could be mistaken for it",
          advice: "connect it to /dev/null")
      }
      if kernel.programName == MakedumpfileInvocation.name {
        return MakedumpfileCommand.run(arguments, on: kernel)
      }
      if kernel.programName == vmcoreDmesg { return try runVmcoreDmesg(arguments, on: kernel) }
      if arguments.count > 1, let word = CommandWord(rawValue: arguments[1]) {
        return try word.run(arguments, on: kernel)
      }
      let command = Command(invocation: try Invocation(arguments), kernel: kernel)
      return command.reportingErrors(command.run)
    } catch {
      // The arguments were not understood, so look for --json among the words.
      return kernel.report(error, asJSON: arguments.contains("--json"))
    }
  }

  /// The program of kexec-tools that prints the log of a dump: `vmcore-dmesg FILE`.
  private static func runVmcoreDmesg(
    _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) -> ExitCode {
    do throws(CommandError) {
      let words = ["kexec", CommandWord.dump.rawValue, DumpSubject.log.rawValue]
      return try CommandWord.dump.run(words + arguments.dropFirst(), on: kernel)
    } catch {
      var error = error
      let start = CommandWord.dump.name + " "
      if let advice = error.advice, advice.hasPrefix(start) {
        error.advice = vmcoreDmesg + " " + advice.dropFirst(start.utf8.count)
      }
      throw error
    }
  }

  private func run() throws(CommandError) -> ExitCode {
    try checkMachineDirectory()
    switch invocation.action {
    case .help:
      try kernel.write(helpText(on: kernel.outputTerminal))
      return .success
    case .version:
      try kernel.write("kexec \(productVersion)\n")
      return .success
    case .status(let purpose): return try status(purpose)
    case .loadJumpBackHelper: return try loadJumpBackHelper()
    case .report:
      // -q has an effect on -S only, as in kexec-tools.
      var common = common
      common.isQuiet = false
      return try ReportCommand(common: common, kernel: kernel).run()
    case .printCrashSize: return try printCrashSize()
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
}

/// The version that `--version` prints.
package let productVersion = "0.3.0"

/// The name under which the program is `kexec dump log`.
private let vmcoreDmesg = "vmcore-dmesg"
