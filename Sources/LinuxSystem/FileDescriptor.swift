internal import ByteCoding
internal import CLinux
internal import CLibrary

/// An open file, which is closed when its owner is destroyed.
@usableFromInline @frozen package struct FileDescriptor: ~Copyable, Sendable {
  /// The number of the open file.
  @usableFromInline package let number: Int32

  /// Owns the open file `number`.
  init(owning number: Int32) {
    self.number = number
  }

  @inlinable deinit {
    closeFile(number)
  }

  /// Opens `path` for reading, without waiting for a writer if it is a pipe. Corresponds to `open(path,
  /// O_RDONLY | O_CLOEXEC | O_NONBLOCK)`.
  package init(reading path: String) throws(FileError) {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
    let number = retryOnInterrupt { unsafe clinux_open(path.cBytes, flags) }
    guard number >= 0 else { throw FileError(path, .errno(.last)) }
    self.init(owning: number)
  }

  /// The standard input, which stays open when this is closed. Corresponds to `dup(0)`.
  package init(standardInputCalled path: String) throws(FileError) {
    guard clinux_is_held_stream(0) == 0 else { throw FileError(path, .errno(.notOpen)) }
    let number = dup(0)
    guard number >= 0 else { throw FileError(path, .errno(.last)) }
    self.init(owning: number)
  }

  /// The standard output, which stays open when this is closed. Corresponds to `dup(1)`.
  package init(standardOutputCalled path: String) throws(FileError) {
    guard clinux_is_held_stream(1) == 0 else { throw FileError(path, .errno(.notOpen)) }
    let number = dup(1)
    guard number >= 0 else { throw FileError(path, .errno(.last)) }
    self.init(owning: number)
  }

  /// The kind of an open file, which determines how its bytes are read.
  enum Kind {
    /// A regular file of this many bytes; also 0 if the file system does not tell the size.
    case regular(size: Int)
    /// A block device of this many bytes.
    case device(size: Int)
    /// A pipe, or a FIFO.
    case pipe
  }

  /// What it is.
  ///
  /// - Throws: for a directory, a terminal or another device without an end. The error names `path`.
  borrowing func kind(path: String) throws(FileError) -> Kind {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw FileError(path, .errno(.last)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .regular(size: Int(status.st_size))
    case S_IFBLK:
      let end = lseek(number, 0, SEEK_END)
      guard end >= 0 else { throw FileError(path, .errno(.last)) }
      return .device(size: end)
    case S_IFIFO: return .pipe
    case S_IFDIR: throw FileError(path, .directory)
    default: throw FileError(path, .notRegular)
    }
  }

  /// Maps the first `size` bytes of a file or block device, which are read only when they are used; nil for
  /// files that cannot be mapped, such as those of /sys. Corresponds to `mmap`.
  borrowing func map(size: Int, path: String) throws(FileError) -> SharedBytes? {
    let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, number, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      let errno = Errno.last
      if errno == .noDevice { return nil }
      throw FileError(path, .errno(errno))
    }
    // SAFETY: a private read-only mapping of this length that only `release` takes away.
    return unsafe SharedBytes(adopting: UnsafeRawBufferPointer(start: start, count: size)) {
      unsafe evictWholePages($0)
    } release: {
      unsafe _ = munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
  }

  /// Reads everything into memory, at most `limit` bytes. If nothing arrives for a second, `whenWaiting` is
  /// called once, and reading goes on without a limit of time.
  borrowing func readAll(
    path: String, limit: Int, whenWaiting: () -> Void
  ) -> Result<SharedBytes, FileError> {
    do throws(OutOfMemory) {
      var bytes = try GrowableBytes(capacity: .kibibytes(64))
      var isWaiting = false
      while true {
        // A FIFO without a writer would be at its end at once.
        var poll = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        let found = retryOnInterrupt { unsafe CLibrary.poll(&poll, 1, isWaiting ? -1 : 1000) }
        guard found != 0 else {
          isWaiting = true
          whenWaiting()
          continue
        }
        if bytes.count == bytes.capacity { try bytes.reserve(2 * bytes.capacity) }
        let space = unsafe bytes.unfilled
        let count = retryOnInterrupt { unsafe read(number, space.baseAddress, space.count) }
        if count < 0, Errno.last == .tryAgain { continue }
        guard count >= 0 else { return .failure(FileError(path, .errno(.last))) }
        if count == 0 { return .success(bytes.finish().freeze()) }
        unsafe bytes.fill(count)
        guard bytes.count <= limit else {
          return .failure(FileError(path, .tooLarge(limit: limit)))
        }
      }
    } catch {
      return .failure(FileError(path, .errno(.outOfMemory)))
    }
  }
}

/// Closes an open file.
@usableFromInline internal func closeFile(_ number: Int32) {
  _ = close(number)
}

/// Frees the memory of the whole pages inside `buffer`, a part of a mapped file. Corresponds to `madvise(…,
/// MADV_DONTNEED)`.
private func evictWholePages(_ buffer: UnsafeRawBufferPointer) {
  let page: Int = .kibibytes(4)
  guard let base = buffer.baseAddress else { return }
  let start = Int(bitPattern: base).roundedUp(to: page)
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
