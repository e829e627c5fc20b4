package import ByteCoding
internal import CLinux
internal import Glibc

/// An open file, closed when its owner goes.
package struct FileDescriptor: ~Copyable, Sendable {
  /// The number of the open file.
  package let number: Int32

  /// Owns the open file `number`.
  init(owning number: Int32) {
    self.number = number
  }

  deinit {
    _ = close(number)
  }

  /// Opens `path` for reading, and does not wait for a writer of a pipe. Corresponds to
  /// `open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)`.
  package init(reading path: String) throws(FileError) {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
    let number = retryOnInterrupt { unsafe clinux_open(path.cBytes, flags) }
    guard number >= 0 else { throw FileError(path, .errno(.last)) }
    self.init(owning: number)
  }

  /// Maps the whole of a regular file; the bytes are not read before they are used.
  ///
  /// - Throws: for a directory, a device, or an empty file, whose `path` is given to name it.
  package borrowing func map(path: String) throws(FileError) -> SharedBytes {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw FileError(path, .errno(.last)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw FileError(path, .directory)
    default: throw FileError(path, .notRegular)
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw FileError(path, .empty) }
    let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, number, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      throw FileError(path, .errno(.last))
    }
    // SAFETY: a private read-only mapping of this length that only `release` takes away.
    return unsafe SharedBytes(adopting: UnsafeRawBufferPointer(start: start, count: size)) {
      unsafe evictWholePages($0)
    } release: {
      unsafe _ = munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
  }
}

/// Lets the whole pages inside `buffer`, a part of a mapped file, go. Corresponds to
/// `madvise(…, MADV_DONTNEED)`.
private func evictWholePages(_ buffer: UnsafeRawBufferPointer) {
  let page = 4096
  guard let base = buffer.baseAddress else { return }
  let start = (Int(bitPattern: base) + page - 1) & ~(page - 1)
  let end = (Int(bitPattern: base) + buffer.count) & ~(page - 1)
  guard start < end else { return }
  // SAFETY: the pages are clean and private: the next access reads them from the file again.
  unsafe _ = madvise(UnsafeMutableRawPointer(bitPattern: start), end - start, MADV_DONTNEED)
}

/// Repeats a call while it is interrupted by a signal (EINTR).
func retryOnInterrupt<Result: FixedWidthInteger & SignedInteger>(
  _ call: () -> Result
) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
