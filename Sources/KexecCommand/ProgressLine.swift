internal import LinuxSystem

/// A line on the terminal that says what takes so long, when something takes over a second. It is
/// not there when the error stream is no terminal.
enum ProgressLine {
  /// `text` begins now.
  static func begin(_ text: String) {
    guard StandardStreams.isErrorTerminal else { return }
    Signals.say("kexec: \(text) ...\n", after: 1)
  }

  /// It is done: nothing more will be said.
  static func end() {
    Signals.sayNothing()
  }
}
