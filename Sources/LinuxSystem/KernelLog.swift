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

  /// The messages written since then, without their prefixes.
  package borrowing func newLines() -> [String] {
    var lines: [String] = []
    var record = [UInt8](repeating: 0, count: 8192)
    while lines.count < 16 {
      let count = retryOnInterrupt { unsafe read(descriptor.number, &record, record.count) }
      guard count > 0 else { break }
      // "PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE", then lines of properties that start with a blank.
      let text = String(decoding: record[..<count], as: UTF8.self)
      guard let semicolon = text.firstIndex(of: ";") else { continue }
      let message = text[text.index(after: semicolon)...].prefix { $0 != "\n" }
      lines.append(String(message))
    }
    return lines
  }
}
