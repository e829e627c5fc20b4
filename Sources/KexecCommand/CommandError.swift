/// What stops the command: one line for the user, perhaps a second that says what to do.
struct CommandError: Error, Equatable {
  /// What was wrong, as in `WHAT: WHY`.
  var message: String
  /// What to do about it.
  var advice: String?
  /// Lines that the kernel wrote into its log meanwhile.
  var kernelLog: [String] = []
  /// What the process exits with.
  var exitCode: ExitCode

  init(_ message: String, advice: String? = nil, exitCode: ExitCode = .failure) {
    self.message = message
    self.advice = advice
    self.exitCode = exitCode
  }

  /// The lines to print.
  var text: String {
    // Without a message the C library has printed it.
    var lines = message.isEmpty ? [] : ["kexec: \(message)"]
    lines += kernelLog.map { "  kernel log: \($0)" }
    if let advice { lines.append("  \(advice)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
