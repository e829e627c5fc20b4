internal import ByteCoding
internal import Glibc

/// The process's standard output and error streams.
package enum StandardStreams {
  /// Writes `text` to the standard output.
  package static func writeOutput(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes `text` to the standard error stream.
  package static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Whether the standard error stream is a terminal, with somebody in front of it.
  package static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

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
