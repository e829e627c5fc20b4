internal import ByteCoding
internal import CLinux
internal import CLibrary

/// The calls of the kernel that write files, which tests make fail.
package struct OutputCalls: Sendable {
  /// Writes bytes to an open file: at an offset, or at the end of a pipe.
  ///
  /// - Returns: how many were written, perhaps not all. Corresponds to `pwrite` and `write`.
  package var write:
    @Sendable (_ number: Int32, _ bytes: RawSpan, _ offset: UInt64?) -> Result<Int, Errno>
  /// Lets the kernel begin to bring to the medium what was written, and waits until it has what was written before the last
  /// such call: nil when that worked, or cannot be asked for. Corresponds to `sync_file_range`.
  package var writeBack: @Sendable (_ number: Int32) -> Errno?
  /// How many bytes are written before `writeBack` is called again.
  package var window: Int
  /// Waits until the medium has what was written: nil when that worked. Corresponds to `fsync`.
  package var sync: @Sendable (_ number: Int32) -> Errno?
  /// How many bytes the file system of an open file has space for; nil when that is not known. Corresponds to `fstatfs`.
  package var freeSpace: @Sendable (_ number: Int32) -> UInt64?
  /// Whether that file system is in memory only, without a medium from which a file could be read back.
  package var isInMemory: @Sendable (_ number: Int32) -> Bool

  /// Calls with these functions.
  package init(
    window: Int,
    write:
      @escaping @Sendable (
        _ number: Int32, _ bytes: RawSpan, _ offset: UInt64?
      ) -> Result<Int, Errno>,
    writeBack: @escaping @Sendable (_ number: Int32) -> Errno?,
    sync: @escaping @Sendable (_ number: Int32) -> Errno?,
    freeSpace: @escaping @Sendable (_ number: Int32) -> UInt64?,
    isInMemory: @escaping @Sendable (_ number: Int32) -> Bool
  ) {
    self.window = window
    self.write = write
    self.writeBack = writeBack
    self.sync = sync
    self.freeSpace = freeSpace
    self.isInMemory = isInMemory
  }

  /// A crash kernel with 44 MiB lets nobody write who has 3 MiB in memory that the medium does not have. Two windows are
  /// less than that. Larger ones than 4 MiB would only leave more to wait for in the end.
  private static var window: Int {
    min(max(Int(clinux_memory_size()) / 128, .kibibytes(256)), .mebibytes(4))
  }

  /// Those of the running kernel.
  package static let running = OutputCalls(window: window) { number, bytes, offset in
    let count = unsafe bytes.withUnsafeBytes { buffer in
      guard let offset else {
        return unsafe CLibrary.write(number, buffer.baseAddress, buffer.count)
      }
      return unsafe pwrite(number, buffer.baseAddress, buffer.count, Int(offset))
    }
    return count >= 0 ? .success(count) : .failure(.last)
  } writeBack: { number in
    let errno = Errno.ofCall(clinux_write_back(number))
    return errno == .notImplemented || errno == .invalidArgument ? nil : errno
  } sync: { number in
    .ofCall(fsync(number))
  } freeSpace: { number in
    UInt64(exactly: clinux_free_space(number))
  } isInMemory: { number in
    clinux_is_in_memory(number) != 0
  }
}
