internal import CLinux
internal import Glibc

/// What is said when a signal comes. The texts are cut at 511 bytes.
package enum Signals {
  /// Writes `text` to the standard error stream after `seconds`, unless `sayNothing` comes first.
  /// Corresponds to `alarm` and SIGALRM.
  package static func say(_ text: String, after seconds: UInt32) {
    unsafe clinux_say_after(seconds, text.cBytes)
  }

  /// Calls off what `say` has announced.
  package static func sayNothing() {
    clinux_say_nothing()
  }

  /// Calls off `exitOnLostFile`.
  package static func endOnLostFile() {
    _ = signal(SIGBUS, SIG_DFL)
  }

  /// Makes writing to a pipe that nobody reads an error, not the end of the process: the network may
  /// be down already. Corresponds to ignoring SIGPIPE.
  package static func surviveBrokenPipes() {
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Makes the process say `text` and exit with 255 when a mapped file has become shorter, or its
  /// disk fails, while we read it. Corresponds to SIGBUS.
  package static func exitOnLostFile(saying text: String) {
    unsafe clinux_exit_on_bus_error(text.cBytes)
  }
}
