import ByteCoding
import CrashDumps
import TestSupport
import Testing

@testable import DumpWriting

/// Data are read back while others are written.
@Suite struct FollowingCheckerTests {
  /// Writes a dump that a checker follows; `damage` changes what is read.
  private static func write(
    _ format: DumpFileFormat, isThreaded: Bool,
    damage: @escaping @Sendable (UInt64, inout [UInt8]) throws(ReadFailure) -> Void = { _, _ in }
  ) throws -> (WrittenDump, [DumpFault], UInt64) {
    let whole = MemoryOutput()
    let image = try WrittenMemory.image()
    try WrittenMemory.write(image, level: 0, format, to: whole)
    let bytes = SharedBytes(whole.bytes)
    // What is read is that of the same dump, written before: the output of this one belongs to this thread.
    let checker = FollowingChecker(isThreaded: isThreaded) { (offset, count) throws(ReadFailure) in
      guard let part = try? bytes.slice(Int(offset)..<(Int(offset) + count)) else {
        throw ReadFailure(offset: offset, errno: 0)
      }
      var array = part.array
      try damage(offset, &array)
      return SharedBytes(array)
    }
    let output = MemoryOutput()
    let classification = try Classification(image, level: [], countsZeros: false)
    let writer = try DumpWriter(image, classification, format: format, options: .init())
    let written = try writer.write(to: output.output) { checker.advance($0) }
    let (faults, start) = checker.finish(written)
    return (written, faults, start)
  }

  @Test(
    "What is read as it was written has no faults, with a thread and without",
    arguments: WrittenMemory.formats, [true, false])
  func rightDataHaveNoFaults(format: DumpFileFormat, isThreaded: Bool) throws {
    let (written, faults, start) = try Self.write(format, isThreaded: isThreaded)
    #expect(faults == [] && start == written.dataStart)
    #expect(written.chunks.contains { $0.offset == start })
  }

  @Test("A changed byte and a part that cannot be read are found", arguments: WrittenMemory.formats)
  func faultsAreFound(format: DumpFileFormat) throws {
    let (written, changed, start) = try Self.write(format, isThreaded: true) { _, bytes in
      bytes[bytes.count - 1] ^= 1
    }
    let chunk = try #require(written.chunks.first { $0.offset == start })
    #expect(changed == [.otherDigest(offset: start, byteCount: chunk.byteCount)])
    let (_, failed, _) = try Self.write(format, isThreaded: true) {
      (offset, _) throws(ReadFailure) in
      throw ReadFailure(offset: offset, errno: 5)
    }
    #expect(failed == [.unreadable(offset: start, errno: 5)])
  }
}
