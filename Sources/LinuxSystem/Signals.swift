internal import CLinux
internal import CLibrary

/// What the process prints when it gets a signal. The texts are cut off at 511 bytes.
package struct Signals: Sendable {
  /// Writes a text to the standard error stream after so many seconds, unless `sayNothing` is called before.
  /// Corresponds to `alarm` and SIGALRM.
  package var say: @Sendable (_ text: String, _ seconds: UInt32) -> Void
  /// Cancels what `say` has scheduled.
  package var sayNothing: @Sendable () -> Void
  /// Makes the process print a text and exit with 255 if a mapped file becomes shorter or its disk fails
  /// while it is read. Corresponds to SIGBUS.
  package var exitOnLostFile: @Sendable (_ text: String) -> Void
  /// Cancels `exitOnLostFile`.
  package var endOnLostFile: @Sendable () -> Void
  /// Makes writing to a pipe without a reader an error instead of the end of the process, since the network
  /// may be down already. Corresponds to ignoring SIGPIPE.
  package var surviveBrokenPipes: @Sendable () -> Void
  /// From now on a first SIGINT, SIGTERM or SIGHUP only makes `interrupt` known, so that what has been written can be
  /// left in order. A second one ends the process.
  package var noteInterrupts: @Sendable () -> Void
  /// The number of the signal that has come since then; 0 when there was none.
  package var interrupt: @Sendable () -> Int32

  /// Signals with these functions.
  package init(
    say: @escaping @Sendable (_ text: String, _ seconds: UInt32) -> Void,
    sayNothing: @escaping @Sendable () -> Void,
    exitOnLostFile: @escaping @Sendable (_ text: String) -> Void,
    endOnLostFile: @escaping @Sendable () -> Void,
    surviveBrokenPipes: @escaping @Sendable () -> Void,
    noteInterrupts: @escaping @Sendable () -> Void = {},
    interrupt: @escaping @Sendable () -> Int32 = { 0 }
  ) {
    self.say = say
    self.sayNothing = sayNothing
    self.exitOnLostFile = exitOnLostFile
    self.endOnLostFile = endOnLostFile
    self.surviveBrokenPipes = surviveBrokenPipes
    self.noteInterrupts = noteInterrupts
    self.interrupt = interrupt
  }

  /// The signals of this process.
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
  } noteInterrupts: {
    clinux_note_interrupts()
  } interrupt: {
    clinux_interrupt()
  }
}
