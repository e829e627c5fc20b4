/// A file that is written in any order: a regular file, a device, or a pipe that takes a flattened file.
///
/// It says nothing of where the bytes go: LinuxSystem opens files, tests keep arrays.
package struct RandomAccessOutput: Sendable {
  private let put: @Sendable (RawSpan, UInt64) throws(WriteFailure) -> Void

  /// A file. `write` is called with bytes, of which there is at least one, and the offset in the file where the first
  /// belongs; it returns when all of them have been taken.
  package init(write: @escaping @Sendable (RawSpan, UInt64) throws(WriteFailure) -> Void) {
    put = write
  }

  /// Writes `bytes` to `offset`, over what is there.
  package func write(_ bytes: RawSpan, at offset: UInt64) throws(WriteFailure) {
    guard bytes.byteCount > 0 else { return }
    try put(bytes, offset)
  }

  /// Writes the bytes of an array to `offset`, over what is there.
  package func write(_ bytes: [UInt8], at offset: UInt64) throws(WriteFailure) {
    let shared = SharedBytes(bytes)
    try write(shared.span, at: offset)
  }
}

/// A part of a file that could not be written.
package struct WriteFailure: Error, Equatable, Sendable {
  /// Where: the first byte that was not taken.
  package let offset: UInt64
  /// The errno of the call; 0 when the call took no bytes without an error.
  package let errno: Int32

  /// The file could not be written at `offset` because of `errno`.
  package init(offset: UInt64, errno: Int32) {
    self.offset = offset
    self.errno = errno
  }
}
