/// Why there is no purgatory.
enum BuildError: Error {
  /// An option that is not known, or has no value.
  case badArgument(String)
  /// A tool could not be started; the number is an errno.
  case notStarted(tool: String, errno: Int32)
  /// A tool failed and has printed the reason; the status is that of `waitpid`.
  case failed(tool: String, status: Int32)
  /// A file could not be read or written; the number is an errno.
  case file(String, errno: Int32)
  /// The linked blob is not what the loader expects.
  case badBlob(String)
}
