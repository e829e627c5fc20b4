package import ByteCoding
internal import Threads

/// Reads the data of a dump back while the rest is still written, so that little is left to wait for afterwards.
///
/// It takes hashes of what it reads, and compares them with those that were taken while writing.
package final class FollowingChecker: @unchecked Sendable {
  // SAFETY: `state` is used by the thread alone until it has ended.
  private let state: State
  private let thread: FollowingThread

  private final class State: @unchecked Sendable {
    let read: @Sendable (UInt64, Int) throws(ReadFailure) -> SharedBytes
    var hasher = ChunkHasher(from: 0, isUsed: true)
    var position: UInt64 = 0
    var failure: ReadFailure?

    init(_ read: @escaping @Sendable (UInt64, Int) throws(ReadFailure) -> SharedBytes) {
      self.read = read
    }

    /// Reads on up to `end`.
    func follow(to end: UInt64) {
      while failure == nil, position < end {
        let size = Int(min(end - position, UInt64(DumpChecker.windowSize)))
        do {
          let bytes = try read(position, size)
          hasher.update(bytes.span)
          position += UInt64(size)
        } catch {
          failure = error
        }
      }
    }
  }

  /// Whether it was told where the data starts.
  private var hasStarted = false

  /// Reads with `read`, which is called with an offset and a number of bytes that were written, on a thread of its own if
  /// `isThreaded`. The bytes must come from the medium, as with O_DIRECT.
  package init(
    isThreaded: Bool,
    read: @escaping @Sendable (UInt64, Int) throws(ReadFailure) -> SharedBytes
  ) {
    let state = State(read)
    self.state = state
    thread = FollowingThread(isThreaded: isThreaded) { state.follow(to: $0) }
  }

  /// Says what was written; for each progress of `DumpWriter`, from the first on.
  package func advance(_ progress: DumpProgress) {
    if !hasStarted {
      // The thread begins when it is told how far it can work.
      hasStarted = true
      state.position = progress.dataStart
      state.hasher = ChunkHasher(from: progress.dataStart, isUsed: true)
    }
    // Whole windows only: what is read in two parts is read from the medium twice.
    let window = UInt64(DumpChecker.windowSize)
    let whole = (progress.byteCount - progress.dataStart) / window * window
    if whole > 0 { thread.advance(to: progress.dataStart + whole) }
  }

  /// Ends the thread, because the dump cannot be written. Either this or `finish` must be called, once.
  package func cancel() {
    thread.finish(at: 0)
  }

  /// Reads the rest of the data, and compares all hashes of it.
  ///
  /// - Returns: the faults; and from where on the file was looked at, for `DumpChecker`, which looks at the rest.
  package func finish(_ written: WrittenDump) -> (faults: [DumpFault], start: UInt64) {
    guard hasStarted else {
      thread.finish(at: 0)
      return ([], written.byteCount)
    }
    thread.finish(at: written.byteCount)
    state.hasher.finish()
    let start = written.dataStart
    if let failure = state.failure {
      return ([.unreadable(offset: failure.offset, errno: failure.errno)], start)
    }
    var faults: [DumpFault] = []
    var found = state.hasher.chunks[...]
    for chunk in written.chunks where chunk.offset >= start {
      if found.popFirst() != chunk {
        faults.append(.otherDigest(offset: chunk.offset, byteCount: chunk.byteCount))
      }
    }
    return (faults, start)
  }
}
