internal import ByteCoding
internal import CLibrary

/// A file that is read from its medium and not from the page cache.
@safe final class ReadBack: @unchecked Sendable {
  private let direct: OpenFile?
  private let plain: OpenFile?
  private let byteCount: Int
  private let interrupt: @Sendable () -> Int32
  // SAFETY: `window` is only used while `lock` is held.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var window: (offset: Int, bytes: SharedBytes)?

  /// What O_DIRECT needs offsets, sizes and addresses to be multiples of: no medium has larger sectors.
  private static let alignment: Int = .kibibytes(4)
  /// Small reads get a window of this size, since there is nothing that reads ahead.
  private static let windowSize: Int = .kibibytes(64)

  /// - Parameters:
  ///   - direct: the file, open with O_DIRECT; nil where that is not possible.
  ///   - plain: the same file, open without; nil where the page cache has what the medium may not have.
  ///   - byteCount: how many bytes it has.
  ///   - interrupt: the number of the signal that ends the reading; 0 for none.
  init(
    _ direct: OpenFile?, _ plain: OpenFile?, byteCount: Int,
    _ interrupt: @escaping @Sendable () -> Int32
  ) {
    self.direct = direct
    self.plain = plain
    self.byteCount = byteCount
    self.interrupt = interrupt
    unsafe lock = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(lock)
    unsafe lock.deallocate()
  }

  /// The `count` bytes at `offset`, all of which are inside.
  func bytes(_ offset: UInt64, _ count: Int) throws(ReadFailure) -> SharedBytes {
    let offset = Int(offset)
    guard count < Self.windowSize / 2 else { return try part(offset, count) }
    unsafe pthread_mutex_lock(lock)
    defer { unsafe _ = pthread_mutex_unlock(lock) }
    if let window, let found = Self.part(of: window.bytes, offset - window.offset, count) {
      return found
    }
    let start = offset / Self.alignment * Self.alignment
    let bytes = try part(start, min(Self.windowSize, byteCount - start))
    window = (start, bytes)
    guard let found = Self.part(of: bytes, offset - start, count) else {
      throw ReadFailure(offset: UInt64(offset), errno: 0)
    }
    return found
  }

  private static func part(of bytes: SharedBytes, _ start: Int, _ count: Int) -> SharedBytes? {
    guard start >= 0, start + count <= bytes.count else { return nil }
    return try? bytes.slice(start..<(start + count))
  }

  /// Reads a part from the medium.
  private func part(_ offset: Int, _ count: Int) throws(ReadFailure) -> SharedBytes {
    let start = offset / Self.alignment * Self.alignment
    let wanted = offset + count - start
    let size = wanted.roundedUp(to: Self.alignment)
    guard
      let buffer = unsafe UnsafeMutableRawPointer(
        aligned_alloc(Self.alignment, max(size, Self.alignment)))
    else { throw ReadFailure(offset: UInt64(offset), errno: ENOMEM) }
    var done = 0
    while done < wanted {
      guard interrupt() == 0 else {
        unsafe free(buffer)
        throw ReadFailure(offset: UInt64(start + done), errno: EINTR)
      }
      let got = unsafe read(buffer + done, size - done, start + done)
      guard got > 0 else {
        let errno = got < 0 ? CLibrary.errno : 0
        unsafe free(buffer)
        throw ReadFailure(offset: UInt64(start + done), errno: errno)
      }
      done += got
    }
    // SAFETY: the first `wanted` bytes have been read; `release` frees what was allocated here.
    let all = unsafe SharedBytes(
      adopting: UnsafeRawBufferPointer(start: buffer, count: wanted)
    ) {
      unsafe free(UnsafeMutableRawPointer(mutating: $0.baseAddress))
    }
    guard let found = Self.part(of: all, offset - start, count) else {
      throw ReadFailure(offset: UInt64(offset), errno: 0)
    }
    return found
  }

  /// Corresponds to `pread`. Where a file system refuses to read past the page cache, which was emptied before, the file
  /// is read through it; and so is what a short read has left, which need not be aligned.
  @unsafe private func read(
    _ place: UnsafeMutableRawPointer, _ count: Int, _ offset: Int
  ) -> Int {
    if let direct, offset % Self.alignment == 0 {
      let number = direct.descriptor.number
      let got = retryOnInterrupt { unsafe pread(number, place, count, offset) }
      if got >= 0 || errno != EINVAL || plain == nil { return got }
    }
    guard let plain else { return 0 }
    let number = plain.descriptor.number
    return retryOnInterrupt { unsafe pread(number, place, count, offset) }
  }
}

extension RandomAccessFile {
  /// The file that `reader` reads.
  init(_ reader: ReadBack, byteCount: UInt64) {
    self.init(byteCount: byteCount) { (offset, count) throws(ReadFailure) in
      try reader.bytes(offset, count)
    }
  }
}
