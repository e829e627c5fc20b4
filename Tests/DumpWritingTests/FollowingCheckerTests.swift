import ByteCoding
import CrashDumps
import TestSupport
import Testing
import Threads

@testable import DumpWriting

/// Data are read back while others are written.
@Suite struct FollowingCheckerTests {
  /// Writes a dump that a checker follows; `damage` changes what is read.
  private static func write(
    _ format: DumpFileFormat, isFollowed: Bool = true,
    damage: @escaping @Sendable (UInt64, inout [UInt8]) throws(ReadFailure) -> Void = { _, _ in }
  ) throws -> (WrittenDump, [DumpFault]) {
    let whole = MemoryOutput()
    let image = try WrittenMemory.image()
    try WrittenMemory.write(image, level: 0, format, to: whole)
    let bytes = SharedBytes(whole.bytes)
    // What is read is that of the same dump, written before: the output of this one belongs to this thread.
    let read: FollowingChecker.Reader = { (offset, count) throws(ReadFailure) in
      guard let part = try? bytes.slice(Int(offset)..<(Int(offset) + count)) else {
        throw ReadFailure(offset: offset, errno: 0)
      }
      var array = part.array
      try damage(offset, &array)
      return SharedBytes(array)
    }
    let checker = FollowingChecker(read)
    let output = MemoryOutput()
    let classification = try Classification(image, level: [], countsZeros: false)
    let writer = try DumpWriter(image, classification, format: format, options: .init())
    let written = try writer.write(to: output.output) { if isFollowed { checker.advance($0) } }
    let file = RandomAccessFile(byteCount: UInt64(bytes.count), read: read)
    return (written, checker.finish(written, reading: file))
  }

  @Test(
    "What is read as it was written has no faults, whether it is read meanwhile or afterwards",
    arguments: WrittenMemory.formats, [true, false])
  func rightDataHaveNoFaults(format: DumpFileFormat, isFollowed: Bool) throws {
    let (written, faults) = try Self.write(format, isFollowed: isFollowed)
    #expect(faults == [])
    #expect(written.chunks.contains { $0.offset == written.dataStart })
  }

  @Test("A changed byte and a part that cannot be read are found", arguments: WrittenMemory.formats)
  func faultsAreFound(format: DumpFileFormat) throws {
    let (written, changed) = try Self.write(format) { _, bytes in bytes[bytes.count - 1] ^= 1 }
    let start = written.dataStart
    let chunk = try #require(written.chunks.first { $0.offset == start })
    #expect(changed == [.otherDigest(offset: start, byteCount: chunk.byteCount)])
    let (_, failed) = try Self.write(format) { (offset, _) throws(ReadFailure) in
      throw ReadFailure(offset: offset, errno: 5)
    }
    #expect(failed == [.unreadable(offset: start, errno: 5)])
  }

  @Test("A thread does the steps that are allowed, in order, and none behind them")
  func stepsAreDoneInOrder() {
    let steps = Steps()
    let thread = FollowingThread(from: 3) { steps.numbers.append($0) }
    thread.advance(to: 5)
    thread.advance(to: 9)
    thread.advance(to: 7)
    thread.end()
    #expect(steps.numbers == [3, 4, 5, 6, 7, 8])
    let other = FollowingThread(from: 3) { steps.numbers.append($0) }
    other.end(isCancelled: true)
    #expect(steps.numbers.count == 6)
  }

  private final class Steps: @unchecked Sendable {
    // SAFETY: read when the thread has ended.
    var numbers: [UInt64] = []
  }
}
