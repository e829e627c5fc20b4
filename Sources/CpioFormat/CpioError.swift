/// Why a member cannot be written.
public enum CpioError: Error, Equatable, Sendable {
  /// A path is empty, contains a NUL byte, or is `TRAILER!!!`, which ends an archive.
  case unusablePath(String)
  /// A member is longer than eight hexadecimal digits can express.
  case tooLong(path: String, size: Int)
  /// A member was added twice.
  case duplicate(String)
}
