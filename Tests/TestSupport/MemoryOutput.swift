package import ByteCoding

/// A file in memory that is written, and that can refuse.
///
/// SAFETY: one thread uses it.
package final class MemoryOutput: @unchecked Sendable {
  /// What was written; zeros, or what was there before, where nothing was.
  package private(set) var bytes: [UInt8]
  /// How many writes there were.
  package private(set) var writeCount = 0
  /// From this offset on nothing is taken: a full disk.
  package var limit: UInt64 = .max
  /// After so many writes none is taken any more: a disk that is gone.
  package var writeLimit = Int.max

  /// An empty file, or one that has other bytes.
  package init(_ bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  /// The file, to be written.
  package var output: RandomAccessOutput {
    RandomAccessOutput { (bytes, offset) throws(WriteFailure) in
      try self.write(bytes, at: offset)
    }
  }

  /// The file, to be read.
  package var file: RandomAccessFile { RandomAccessFile(SharedBytes(bytes)) }

  private func write(_ new: RawSpan, at offset: UInt64) throws(WriteFailure) {
    guard writeCount < writeLimit else { throw WriteFailure(offset: offset, errno: 5) }
    writeCount += 1
    let end = min(offset + UInt64(new.byteCount), limit)
    if end > offset {
      if end > bytes.count { bytes += [UInt8](repeating: 0, count: Int(end) - bytes.count) }
      let count = Int(end - offset)
      unsafe new.withUnsafeBytes { new in
        unsafe bytes.replaceSubrange(Int(offset)..<Int(end), with: new[..<count])
      }
    }
    guard end == offset + UInt64(new.byteCount) else {
      throw WriteFailure(offset: max(end, offset), errno: 28)
    }
  }
}
