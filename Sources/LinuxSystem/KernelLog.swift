internal import ByteCoding
internal import CLinux
internal import CLibrary

/// The kernel's log. Documented in Documentation/ABI/testing/dev-kmsg.
package struct KernelLog: Sendable {
  /// Starts listening, to show what the kernel logs about a failing call. The result returns the messages
  /// since then, without their prefixes.
  package var listen: @Sendable () -> @Sendable () -> [String]
  /// When the kernel wrote the first message that starts with a text, in nanoseconds since it started; nil if
  /// there is no such message, or no longer.
  package var timeOfMessage: @Sendable (_ start: String) -> UInt64?
  /// Adds a line of level "info", cut off at 900 bytes. Errors are ignored.
  package var write: @Sendable (_ line: String) -> Void

  /// A log with these functions.
  package init(
    listen: @escaping @Sendable () -> @Sendable () -> [String],
    timeOfMessage: @escaping @Sendable (_ start: String) -> UInt64?,
    write: @escaping @Sendable (_ line: String) -> Void
  ) {
    self.listen = listen
    self.timeOfMessage = timeOfMessage
    self.write = write
  }

  /// The log of the running kernel; empty if it cannot be read.
  package static let running = KernelLog {
    let log = OpenLog()
    log?.skipToEnd()
    return { log?.newLines() ?? [] }
  } timeOfMessage: { start in
    OpenLog()?.first { prefix, message in
      let fields = prefix.split(separator: ",")
      guard message.hasPrefix(start), fields.count > 2 else { return nil }
      return UInt64(fields[2]).map { $0 * 1000 }
    }
  } write: { line in
    let number = unsafe clinux_open("/dev/kmsg", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else { return }
    // One record: a line end in a name would start another one, and without a line end the record would not
    // be complete.
    let bytes =
      Array("<6>".utf8) + line.losslessBytes.prefix(900).map { $0 < 0x20 ? 0x3F : $0 } + [0x0A]
    unsafe _ = CLibrary.write(number, bytes, bytes.count)
    _ = close(number)
  }

  /// The first message that is still in the running kernel's log for which `isWanted`.
  static func firstMessage(where isWanted: (Substring) -> Bool) -> String? {
    OpenLog()?.first { _, message in isWanted(message) ? String(message) : nil }
  }
}

/// The log of the running kernel, open: its oldest record comes first.
private final class OpenLog: Sendable {
  private let descriptor: FileDescriptor

  /// Nil when it cannot be read.
  init?() {
    let number = unsafe clinux_open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else { return nil }
    descriptor = FileDescriptor(owning: number)
  }

  func skipToEnd() {
    _ = lseek(descriptor.number, 0, SEEK_END)
  }

  /// The next messages, without their prefixes.
  func newLines() -> [String] {
    var lines: [String] = []
    while lines.count < 16, let record = nextRecord() {
      lines.append(String(record.message))
    }
    return lines
  }

  /// The first result of `find` that is not nil, over the records.
  func first<Result>(_ find: (_ prefix: Substring, _ message: Substring) -> Result?) -> Result? {
    while let record = nextRecord() {
      if let result = find(record.prefix, record.message) { return result }
    }
    return nil
  }

  /// The next record of the kernel's log: "PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE", then lines of
  /// properties that start with a space. Nil when there is none yet.
  private func nextRecord() -> (prefix: Substring, message: Substring)? {
    var bytes = [UInt8](repeating: 0, count: 8192)
    while true {
      let count = retryOnInterrupt { unsafe read(descriptor.number, &bytes, bytes.count) }
      // EPIPE: records were lost before they were read; the next one follows.
      if count < 0, errno == EPIPE { continue }
      guard count > 0 else { return nil }
      let text = String(decoding: bytes[..<count], as: UTF8.self)
      guard let semicolon = text.firstIndex(of: ";") else { continue }
      let message = text[text.index(after: semicolon)...].prefix { $0 != "\n" }
      return (text[..<semicolon], message)
    }
  }
}
