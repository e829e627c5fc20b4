internal import CLinux
internal import CLibrary

/// What is said when a signal comes. The texts are cut at 511 bytes.
package struct Signals: Sendable {
  /// Writes a text to the standard error stream after so many seconds, unless `sayNothing` comes
  /// first. Corresponds to `alarm` and SIGALRM.
  package var say: @Sendable (_ text: String, _ seconds: UInt32) -> Void
  /// Calls off what `say` has announced.
  package var sayNothing: @Sendable () -> Void
  /// Makes the process say a text and exit with 255 when a mapped file has become shorter, or its
  /// disk fails, while we read it. Corresponds to SIGBUS.
  package var exitOnLostFile: @Sendable (_ text: String) -> Void
  /// Calls off `exitOnLostFile`.
  package var endOnLostFile: @Sendable () -> Void
  /// Makes writing to a pipe that nobody reads an error, not the end of the process: the network may
  /// be down already. Corresponds to ignoring SIGPIPE.
  package var surviveBrokenPipes: @Sendable () -> Void

  /// Signals that are handled by these.
  package init(
    say: @escaping @Sendable (_ text: String, _ seconds: UInt32) -> Void,
    sayNothing: @escaping @Sendable () -> Void,
    exitOnLostFile: @escaping @Sendable (_ text: String) -> Void,
    endOnLostFile: @escaping @Sendable () -> Void,
    surviveBrokenPipes: @escaping @Sendable () -> Void
  ) {
    self.say = say
    self.sayNothing = sayNothing
    self.exitOnLostFile = exitOnLostFile
    self.endOnLostFile = endOnLostFile
    self.surviveBrokenPipes = surviveBrokenPipes
  }

  /// Those of this process.
  package static let running = Signals { text, seconds in
    unsafe clinux_say_after(seconds, text.cBytes)
  } sayNothing: {
    clinux_say_nothing()
  } exitOnLostFile: { text in
    unsafe clinux_exit_on_bus_error(text.cBytes)
  } endOnLostFile: {
    _ = signal(SIGBUS, SIG_DFL)
  } surviveBrokenPipes: {
    _ = signal(SIGPIPE, SIG_IGN)
  }
}
