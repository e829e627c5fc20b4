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

  /// The lines to print.
  var text: String {
    // Without a message the C library has printed it.
    var lines = message.isEmpty ? [] : ["kexec: \(message)"]
    lines += kernelLog.map { "  kernel log: \($0)" }
    if let advice { lines.append("  \(advice)") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The same for programs.
  var json: JSON {
    .object([
      ("code", .string(code.text)),
      ("message", .string(message.isEmpty ? "the arguments cannot be read" : message)),
      ("advice", .optional(advice)),
      ("kernelLog", .array(kernelLog.map(JSON.string))),
    ])
  }
}
