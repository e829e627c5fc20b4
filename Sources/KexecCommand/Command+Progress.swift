internal import LinuxSystem

/// A line on the terminal that says what takes so long, when something takes over a second. It is
/// not there when the error stream is no terminal.
extension Command {
  /// `text` begins now.
  func beginProgress(_ text: String) {
    guard kernel.streams.columns(.error) != nil else { return }
    kernel.signals.say("kexec: \(text) ...\n", 1)
  }

  /// It is done: nothing more will be said.
  func endProgress() {
    kernel.signals.sayNothing()
  }
}
