internal import LinuxSystem

/// An error that stops the command: one line for the user, and perhaps a second one with advice.
struct CommandError: Error, Equatable {
  /// The kind of error, for programs.
  var code: ErrorCode
  /// What is wrong and where, in the form `WHAT: WHY`.
  var message: String
  /// What to do about it.
  var advice: String?
  /// Lines that the kernel wrote into its log during the system call.
  var kernelLog: [String] = []
  /// The exit code of the process.
  var exitCode: ExitCode
  /// Whether the JSON that was printed already contains it.
  var isInOutput = false

  init(
    _ code: ErrorCode, _ message: String, advice: String? = nil, exitCode: ExitCode = .failure
  ) {
    self.code = code
    self.message = message
    self.advice = advice
    self.exitCode = exitCode
  }

  init(
    _ situation: ErrorCode.Situation, _ message: String, advice: String? = nil,
    exitCode: ExitCode = .failure
  ) {
    self.init(.situation(situation), message, advice: advice, exitCode: exitCode)
  }

  /// Standard output could not be written completely: a failure, because output is lost.
  init(lost errno: Errno, advice: String?) {
    self.init(
      .outputLost,
      errno == .notOpen
        ? "the standard output is closed: the output is lost"
        : "cannot write to the standard output: \(errno.message)",
      advice: advice)
    // Standard output is broken, so this error cannot be printed there.
    isInOutput = true
  }

  /// The lines to print.
  var text: String { text(by: "kexec") }

  /// The lines to print if the program was called as `program`. Usage errors begin with that name,
  /// because users find it in their scripts. All other errors begin with "kexec".
  func text(by program: String, on terminal: Terminal = .none) -> String {
    let isUsage = code == .situation(.usage)
    let start = (isUsage ? program : "kexec") + ": "
    var text = terminal.row(start, message, column: start.count, .error)
    for line in kernelLog { text += terminal.row("  kernel log: ", line, column: 4) }
    guard let advice else { return text }
    let isHelp = isUsage && advice.hasPrefix("kexec ")
    return text
      + terminal.row("  ", isHelp ? program + String(advice.dropFirst(5)) : advice, column: 2)
  }

  /// The error as JSON.
  var json: JSON {
    .object([
      ("code", .string(code.text)),
      ("message", .string(message)),
      ("advice", .optional(advice)),
      ("kernelLog", .array(kernelLog.map(JSON.string))),
    ])
  }
}
