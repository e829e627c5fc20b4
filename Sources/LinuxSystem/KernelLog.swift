internal import CLinux
internal import Glibc

/// The kernel's log from a moment on, to show what it said about a call that failed.
///
/// Documented in Documentation/ABI/testing/dev-kmsg.
package struct KernelLog: ~Copyable {
  private let descriptor: FileDescriptor

  /// Starts listening now; nil when the log cannot be read.
  package init?() {
    let number = unsafe clinux_open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else { return nil }
    descriptor = FileDescriptor(owning: number)
    _ = lseek(number, 0, SEEK_END)
  }

  /// When the kernel wrote the first message that starts with `text`, in nanoseconds since it
  /// started; nil when it has not, or when the log has forgotten it.
  package static func time(ofMessage text: String) -> UInt64? {
    let number = unsafe clinux_open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let log = FileDescriptor(owning: number)
    while let record = log.nextRecord() {
      let fields = record.prefix.split(separator: ",")
      if record.message.hasPrefix(text), fields.count > 2, let time = UInt64(fields[2]) {
        return time * 1000
      }
    }
    return nil
  }

  /// The first message that is still in the log for which `isWanted`.
  static func firstMessage(where isWanted: (Substring) -> Bool) -> String? {
    let number = unsafe clinux_open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let log = FileDescriptor(owning: number)
    while let record = log.nextRecord() {
      if isWanted(record.message) { return String(record.message) }
    }
    return nil
  }

  /// The messages written since then, without their prefixes.
  package borrowing func newLines() -> [String] {
    var lines: [String] = []
    while lines.count < 16, let record = descriptor.nextRecord() {
      lines.append(String(record.message))
    }
    return lines
  }
}

extension FileDescriptor {
  /// The next record of the kernel's log: "PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE", then lines of
  /// properties that start with a blank. Nil when there is none yet.
  fileprivate borrowing func nextRecord() -> (prefix: Substring, message: Substring)? {
    var bytes = [UInt8](repeating: 0, count: 8192)
    while true {
      let count = retryOnInterrupt { unsafe read(number, &bytes, bytes.count) }
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
