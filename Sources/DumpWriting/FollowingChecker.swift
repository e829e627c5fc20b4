package import ByteCoding
internal import Threads

/// Reads the data of a dump back while the rest is still written, so that little is left to wait for afterwards.
///
/// It takes hashes of what it reads, and compares them with those that were taken while writing.
package final class FollowingChecker {
  /// Reads a part of the file from the medium.
  package typealias Reader =
    @Sendable (_ offset: UInt64, _ count: Int) throws(ReadFailure) -> SharedBytes

  private let read: Reader
  private var work: (state: State, thread: FollowingThread)?

  private final class State: @unchecked Sendable {
    // SAFETY: the thread alone uses it until it has ended.
    var hasher: ChunkHasher
    var position: UInt64
    var failure: ReadFailure?

    init(from start: UInt64) {
      position = start
      hasher = ChunkHasher(from: start, isUsed: true)
    }

    /// Reads on up to `end`, by windows that begin at multiples of their size.
    func follow(to end: UInt64, _ read: Reader) {
      let window = UInt64(DumpChecker.windowSize)
      while failure == nil, position < end {
        let next = min(end, (position / window + 1) * window)
        do throws(ReadFailure) {
          let bytes = try read(position, Int(next - position))
          hasher.update(bytes.span)
          position = next
        } catch {
          failure = error
        }
      }
    }
  }

  /// Reads with `read` on a thread of its own. What it reads must come from the medium, as with O_DIRECT.
  package init(_ read: @escaping Reader) {
    self.read = read
  }

  /// Says what was written; for each progress of `DumpWriter`, from the first on.
  package func advance(_ progress: DumpProgress) {
    // Whole windows only: what is written later never shares a sector with them.
    let window = UInt64(DumpChecker.windowSize)
    if work == nil {
      let state = State(from: progress.dataStart)
      let read = read
      let thread = FollowingThread(from: progress.dataStart / window) { number in
        state.follow(to: (number + 1) * window, read)
      }
      work = (state, thread)
    }
    work?.thread.advance(to: progress.byteCount / window)
  }

  /// Ends the thread, because the dump cannot be written. Either this or `finish` must be called, once.
  package func cancel() {
    work?.thread.end(isCancelled: true)
    work = nil
  }

  /// Reads the rest of the data from `file`, and compares all hashes of the data. If something could not be read before, all
  /// of it is read from `file`.
  ///
  /// - Returns: the faults.
  package func finish(_ written: WrittenDump, reading file: RandomAccessFile) -> [DumpFault] {
    work?.thread.end()
    var state = State(from: written.dataStart)
    if let work, work.state.failure == nil { state = work.state }
    work = nil
    state.follow(to: written.byteCount) { (offset, count) throws(ReadFailure) in
      try file.bytes(at: offset, count: count)
    }
    state.hasher.finish()
    if let failure = state.failure {
      return [.unreadable(offset: failure.offset, errno: failure.errno)]
    }
    var found = state.hasher.chunks[...]
    return written.chunks.filter { $0.offset >= written.dataStart && found.popFirst() != $0 }
      .map { .otherDigest(offset: $0.offset, byteCount: $0.byteCount) }
  }
}
