internal import LinuxSystem

/// What stops the command: one line for the user, perhaps a second that says what to do.
struct CommandError: Error, Equatable {
  /// What kind of error it is.
  var code: ErrorCode
  /// What was wrong, as in `WHAT: WHY`.
  var message: String
  /// What to do about it.
  var advice: String?
  /// Lines that the kernel wrote into its log meanwhile.
  var kernelLog: [String] = []
  /// What the process exits with.
  var exitCode: ExitCode
  /// Whether it stands already in JSON that was printed.
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

  /// What the standard output did not take is lost, and that is no success.
  init(lost errno: Errno, advice: String?) {
    self.init(
      .outputLost,
      errno == .notOpen
        ? "the standard output is closed: what was to be printed is lost"
        : "cannot write to the standard output: \(errno.message)",
      advice: advice)
    // There is nowhere to print it.
    isInOutput = true
  }

  /// The lines to print.
  var text: String { text(by: "kexec") }

  /// The lines to print where the program was called as `program`, which those hear who called it wrongly:
  /// what it is called stands in their scripts. All else comes from kexec, under whatever name.
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

  /// The same for programs.
  var json: JSON {
    .object([
      ("code", .string(code.text)),
      ("message", .string(message)),
      ("advice", .optional(advice)),
      ("kernelLog", .array(kernelLog.map(JSON.string))),
    ])
  }
}
