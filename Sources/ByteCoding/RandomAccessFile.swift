/// A file of any size, of which parts are read when they are needed.
///
/// It says nothing of where the bytes are: LinuxSystem opens files, tests give arrays, and a reader of a container
/// gives the file inside.
package struct RandomAccessFile: Sendable {
  /// Bytes of the file.
  package let byteCount: UInt64
  private let read: @Sendable (UInt64, Int) throws(ReadFailure) -> SharedBytes
  private let currentByteCount: @Sendable () -> UInt64

  /// A file of `byteCount` bytes. `read` is called with an offset and a number of bytes that are all inside.
  /// `currentByteCount` says how many there still are; files that nobody can cut short need none.
  package init(
    byteCount: UInt64, read: @escaping @Sendable (UInt64, Int) throws(ReadFailure) -> SharedBytes,
    currentByteCount: @escaping @Sendable () -> UInt64 = { .max }
  ) {
    self.byteCount = byteCount
    self.read = read
    self.currentByteCount = currentByteCount
  }

  /// Whether the file is shorter now than when it was opened.
  package var isCutShort: Bool { currentByteCount() < byteCount }

  /// A file that is in memory.
  package init(_ bytes: SharedBytes) {
    self.init(byteCount: UInt64(bytes.count)) { (offset, count) throws(ReadFailure) in
      guard let part = try? bytes.slice(Int(offset)..<(Int(offset) + count)) else {
        throw ReadFailure(offset: offset, errno: 0)
      }
      return part
    }
  }

  /// The `count` bytes at `offset`.
  ///
  /// - Throws: unless all of them are there and can be read.
  package func bytes(at offset: UInt64, count: Int) throws(ReadFailure) -> SharedBytes {
    guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
      throw ReadFailure(offset: byteCount, errno: 0)
    }
    return try read(offset, count)
  }
}

/// A part of a file that could not be read.
package struct ReadFailure: Error, Equatable, Sendable {
  /// Where.
  package let offset: UInt64
  /// The errno of the call; 0 where the file ends.
  package let errno: Int32

  /// The file could not be read at `offset` because of `errno`.
  package init(offset: UInt64, errno: Int32) {
    self.offset = offset
    self.errno = errno
  }
}
