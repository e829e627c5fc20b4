/// A file that could not be used, and why.
package struct FileError: Error, Equatable, Sendable {
  /// What was wrong.
  package enum Reason: Equatable, Sendable {
    /// The kernel refused a call.
    case errno(Errno)
    /// The path names a directory.
    case directory
    /// The path names a terminal, or another device that has no end.
    case notRegular
    /// The file has no bytes.
    case empty
    /// It has more bytes than this, which would have to be kept in memory.
    case tooLarge(limit: Int)
  }

  /// The path as the user gave it.
  package let path: String
  /// What was wrong.
  package let reason: Reason

  /// `path` could not be used because of `reason`.
  package init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }
}
