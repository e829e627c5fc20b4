internal import LinuxSystem
internal import Threads

/// A line on the terminal that says what takes so long, when something takes over a second. It is
/// not there when the error stream is no terminal.
struct ProgressLine {
  private let timer: DelayedCall?

  init(_ text: String) {
    timer =
      StandardStreams.isErrorTerminal
      ? DelayedCall(after: 1) { StandardStreams.writeError("kexec: \(text) ...\n") } : nil
  }

  /// It is done: nothing more will be said.
  func end() {
    timer?.cancel()
  }
}
