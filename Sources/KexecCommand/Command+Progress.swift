internal import LinuxSystem

/// A line on the terminal that says what is in progress, printed once it has taken more than a
/// second. Nothing is printed if standard error is not a terminal.
extension Command {
  /// Starts waiting to print `text`, after one second.
  func beginProgress(_ text: String) {
    guard kernel.streams.columns(.error) != nil else { return }
    kernel.signals.say("kexec: \(text) ...\n", 1)
  }

  /// Ends it: the line is no longer printed.
  func endProgress() {
    kernel.signals.sayNothing()
  }
}
