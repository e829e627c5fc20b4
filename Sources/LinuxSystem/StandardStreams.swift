internal import ByteCoding
internal import CLinux
internal import CLibrary

/// The process's standard output and error streams.
package struct StandardStreams: Sendable {
  /// One of them.
  package enum Stream: Sendable {
    case output, error
  }

  /// Writes a text to the standard output.
  ///
  /// - Returns: nil when all of it is written, otherwise the error.
  package var writeOutput: @Sendable (_ text: String) -> Errno?
  /// Writes a text to the standard error stream.
  package var writeError: @Sendable (_ text: String) -> Void
  /// How many columns the terminal has that a stream is: 0 when it does not know, nil for no terminal.
  /// Corresponds to `ioctl(…, TIOCGWINSZ)`.
  package var columns: @Sendable (_ stream: Stream) -> Int?
  /// Keeps files that are opened later from getting the number of a closed standard stream, so that nothing
  /// printed ends up in them.
  ///
  /// - Returns: whether that worked.
  package var holdClosed: @Sendable () -> Bool

  /// Streams with these functions.
  package init(
    writeOutput: @escaping @Sendable (_ text: String) -> Errno?,
    writeError: @escaping @Sendable (_ text: String) -> Void,
    columns: @escaping @Sendable (_ stream: Stream) -> Int?,
    holdClosed: @escaping @Sendable () -> Bool
  ) {
    self.writeOutput = writeOutput
    self.writeError = writeError
    self.columns = columns
    self.holdClosed = holdClosed
  }

  /// The streams of this process.
  package static let running = StandardStreams { text in
    write(text, to: STDOUT_FILENO) ?? flush(STDOUT_FILENO)
  } writeError: { text in
    // An error cannot be reported anywhere.
    _ = write(text, to: STDERR_FILENO)
  } columns: { stream in
    let columns = clinux_terminal_columns(stream == .output ? STDOUT_FILENO : STDERR_FILENO)
    return columns < 0 ? nil : Int(columns)
  } holdClosed: {
    clinux_hold_closed_streams() == 0
  }

  private static func write(_ text: String, to stream: Int32) -> Errno? {
    var rest = text.losslessBytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        retryOnInterrupt { unsafe CLibrary.write(stream, bytes.baseAddress, bytes.count) }
      }
      if count < 0 {
        let errno = Errno.last
        guard errno == .tryAgain, waitForReader(of: stream) else { return errno }
        continue
      }
      // Nothing was written although there is no error.
      guard count > 0 else { return .inputOutput }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// Waits until a non-blocking stream takes more; for the standard error stream at most a second.
  private static func waitForReader(of stream: Int32) -> Bool {
    var poll = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
    let limit: Int32 = stream == STDERR_FILENO ? 1000 : -1
    return retryOnInterrupt { unsafe CLibrary.poll(&poll, 1, limit) } > 0
  }

  /// Closes a copy of the stream, because some file systems report errors only then: a lost server, a quota.
  private static func flush(_ stream: Int32) -> Errno? {
    let copy = dup(stream)
    guard copy >= 0, close(copy) != 0, Errno.last != .interrupted else { return nil }
    return .last
  }
}
