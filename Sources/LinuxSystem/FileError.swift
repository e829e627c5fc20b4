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
    /// There is a file of that name already, which would be lost.
    case exists
    /// It is a symbolic link, which is not followed where files are written.
    case link
    /// Another process is writing it.
    case beingWritten
    /// The block device has contents that would be lost.
    case occupied
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
