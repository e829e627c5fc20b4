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
  /// - Returns: nil when all of it is written, else why not.
  package var writeOutput: @Sendable (_ text: String) -> Errno?
  /// Writes a text to the standard error stream.
  package var writeError: @Sendable (_ text: String) -> Void
  /// How many columns the terminal has that a stream is: 0 when it does not know, nil for no terminal.
  /// Corresponds to `ioctl(…, TIOCGWINSZ)`.
  package var columns: @Sendable (_ stream: Stream) -> Int?
  /// Keeps files that are opened later from becoming a standard stream that is closed now: what is
  /// written there must not end up in them.
  ///
  /// - Returns: whether that is certain.
  package var holdClosed: @Sendable () -> Bool

  /// Streams that are written by these.
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

  /// Those of this process.
  package static let running = StandardStreams { text in
    write(text, to: STDOUT_FILENO) ?? flush(STDOUT_FILENO)
  } writeError: { text in
    // Nobody can be told that the terminal is gone.
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
      // No error, and nothing written.
      guard count > 0 else { return .inputOutput }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// Waits until a stream that does not wait by itself takes more. Errors are not worth over a second.
  private static func waitForReader(of stream: Int32) -> Bool {
    var poll = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
    let limit: Int32 = stream == STDERR_FILENO ? 1000 : -1
    return retryOnInterrupt { unsafe CLibrary.poll(&poll, 1, limit) } > 0
  }

  /// What some file systems find only when a file is closed: a server that is gone, a quota. It is closed
  /// once here, and stays open.
  private static func flush(_ stream: Int32) -> Errno? {
    let copy = dup(stream)
    guard copy >= 0, close(copy) != 0, Errno.last != .interrupted else { return nil }
    return .last
  }
}
