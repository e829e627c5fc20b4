internal import ByteCoding
internal import CLinux
internal import CLibrary

/// An open file that is written, which several closures share.
final class OpenOutput: Sendable {
  let descriptor: FileDescriptor
  let calls: OutputCalls
  /// The number of the signal that ends the writing; 0 for none.
  let interrupt: @Sendable () -> Int32
  private let isPipe: Bool

  init(
    _ descriptor: consuming FileDescriptor, isPipe: Bool, _ calls: OutputCalls,
    _ interrupt: @escaping @Sendable () -> Int32
  ) {
    self.descriptor = descriptor
    self.isPipe = isPipe
    self.calls = calls
    self.interrupt = interrupt
  }

  var number: Int32 { descriptor.number }

  /// Writes all of `bytes`, to `offset` or into a pipe.
  ///
  /// The medium follows closely. When it is pulled out, the kernel lets who has much in memory for it wait for ever, without
  /// an error, and who waits for it gets the error.
  func write(_ bytes: RawSpan, at offset: UInt64?) throws(WriteFailure) {
    var done = 0
    while done < bytes.byteCount {
      let place = offset.map { $0 + UInt64(done) }
      guard interrupt() == 0 else { throw WriteFailure(offset: place ?? 0, errno: EINTR) }
      let end = done + min(bytes.byteCount - done, calls.window)
      switch calls.write(number, bytes.extracting(done..<end), place) {
      case .success(let count) where count > 0:
        done += count
        guard let place else { break }
        try follow(from: place, count)
      // Nothing was written, and nothing would be the next time.
      case .success: throw WriteFailure(offset: place ?? 0, errno: 0)
      case .failure(.interrupted): break
      case .failure(.tryAgain) where isPipe: waitForReader()
      case .failure(let errno): throw WriteFailure(offset: place ?? 0, errno: errno.rawValue)
      }
    }
  }

  /// After each window, lets the medium begin with it.
  private func follow(from start: UInt64, _ count: Int) throws(WriteFailure) {
    let window = UInt64(calls.window)
    guard start / window != (start + UInt64(count)) / window else { return }
    guard let errno = calls.writeBack(number) else { return }
    throw WriteFailure(offset: start, errno: errno.rawValue)
  }

  /// Waits until a pipe that does not block takes more.
  private func waitForReader() {
    var poll = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    unsafe _ = CLibrary.poll(&poll, 1, -1)
  }

  /// Whether any of a device's first bytes is not zero: where file systems and dumps have their headers.
  func hasContents(path: String) throws(FileError) -> Bool {
    var bytes = [UInt8](repeating: 0, count: .kibibytes(128))
    let count = retryOnInterrupt { unsafe pread(number, &bytes, bytes.count, 0) }
    guard count >= 0 else { throw FileError(path, .errno(.last)) }
    return bytes[..<count].contains { $0 != 0 }
  }

  /// Whether reading with O_DIRECT goes to the medium, or nothing speaks against it.
  var isDirectPossible: Bool { clinux_direct_alignment(number) != 0 }

  /// Whether the kernel says that reading with O_DIRECT goes to the medium.
  var isDirectCertain: Bool { clinux_direct_alignment(number) > 0 }
}

/// The path without links that another one means.
enum RealPath {
  /// That of `path`; nil when there is none.
  static func of(_ path: String) -> String? {
    // SAFETY: realpath returns a terminated text from malloc, or NULL.
    guard let found = unsafe realpath(path.cBytes, nil) else { return nil }
    defer { unsafe free(found) }
    return unsafe String(lossless: found)
  }
}
