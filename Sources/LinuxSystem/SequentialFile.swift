package import ByteCoding
internal import CLibrary

/// A file that is read from its start to its end, such as a pipe.
package final class SequentialFile: Sendable {
  /// The path as the user gave it.
  package let path: String
  /// Whether it can be read once only.
  package let isPipe: Bool
  private let descriptor: FileDescriptor

  /// Opens the file at `path`, or the standard input for `-`.
  package init(path: String) throws(FileError) {
    self.path = path
    let descriptor =
      path == InputFile.standardInput
      ? try FileDescriptor(standardInputCalled: path) : try FileDescriptor(reading: path)
    switch try descriptor.kind(path: path) {
    case .regular, .device: isPipe = false
    case .pipe: isPipe = true
    }
    self.descriptor = descriptor
  }

  /// The next `count` bytes, or fewer where the file ends. Waits for a pipe's writer without a limit of time.
  package func read(_ count: Int) -> Result<SharedBytes, FileError> {
    do throws(OutOfMemory) {
      var bytes = try GrowableBytes(capacity: max(count, 1))
      while bytes.count < count {
        // A FIFO without a writer would be at its end at once.
        if isPipe { wait() }
        let space = unsafe bytes.unfilled
        let wanted = min(space.count, count - bytes.count)
        let got = retryOnInterrupt {
          unsafe CLibrary.read(descriptor.number, space.baseAddress, wanted)
        }
        if got < 0, Errno.last == .tryAgain { continue }
        guard got >= 0 else { return .failure(FileError(path, .errno(.last))) }
        if got == 0 { break }
        unsafe bytes.fill(got)
      }
      return .success(bytes.finish().freeze())
    } catch {
      return .failure(FileError(path, .errno(.outOfMemory)))
    }
  }

  private func wait() {
    var poll = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    _ = retryOnInterrupt { unsafe CLibrary.poll(&poll, 1, -1) }
  }
}
