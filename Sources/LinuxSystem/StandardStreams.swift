internal import ByteCoding
internal import Glibc

/// The process's standard output and error streams.
package struct StandardStreams: Sendable {
  /// Writes a text to the standard output.
  package var writeOutput: @Sendable (_ text: String) -> Void
  /// Writes a text to the standard error stream.
  package var writeError: @Sendable (_ text: String) -> Void
  /// Whether the standard error stream is a terminal, with somebody in front of it.
  package var isErrorTerminal: @Sendable () -> Bool

  /// Streams that are written by these.
  package init(
    writeOutput: @escaping @Sendable (_ text: String) -> Void,
    writeError: @escaping @Sendable (_ text: String) -> Void,
    isErrorTerminal: @escaping @Sendable () -> Bool
  ) {
    self.writeOutput = writeOutput
    self.writeError = writeError
    self.isErrorTerminal = isErrorTerminal
  }

  /// Those of this process.
  package static let running = StandardStreams { text in
    write(text, to: STDOUT_FILENO)
  } writeError: { text in
    write(text, to: STDERR_FILENO)
  } isErrorTerminal: {
    isatty(STDERR_FILENO) == 1
  }

  private static func write(_ text: String, to stream: Int32) {
    var rest = text.losslessBytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        retryOnInterrupt { unsafe Glibc.write(stream, bytes.baseAddress, bytes.count) }
      }
      // Nobody can be told that the terminal is gone.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
