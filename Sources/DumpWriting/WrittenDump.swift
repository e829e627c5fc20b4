/// What was written of a dump.
package struct WrittenDump: Equatable, Sendable {
  /// A part of the finished file, with its hash.
  package struct Chunk: Equatable, Sendable {
    /// Its first byte.
    package let offset: UInt64
    /// How many bytes it has: at most `DumpWriter.chunkSize`.
    package let byteCount: UInt64
    /// SHA-256 of its bytes.
    package let digest: [UInt8]
  }

  /// Bytes that belong to one place of a file.
  package struct Patch: Equatable, Sendable {
    /// Where.
    package let offset: UInt64
    /// The bytes.
    package let bytes: [UInt8]
  }

  /// Bytes of the file.
  package internal(set) var byteCount: UInt64 = 0
  /// Where the pages' data start in the file, and chunks that have nothing else.
  package internal(set) var dataStart: UInt64 = 0
  /// Pages that have data of their own in the file.
  package internal(set) var storedPages: UInt64 = 0
  /// Pages of zeros, which share one page, or none in an ELF file.
  package internal(set) var zeroPages: UInt64 = 0
  /// Pages that share the data of an equal page.
  package internal(set) var sharedPages: UInt64 = 0
  /// Free pages on lists of processors that were left out: `Classification` has them among the kept ones.
  package internal(set) var leftOutPerCPU: UInt64 = 0
  /// Pages that could not be read, as ascending ranges of page numbers: they are not in the file. In an ELF file they are
  /// zeros.
  package internal(set) var unreadable: [Range<UInt64>] = []
  /// How many pages could not be read.
  package internal(set) var unreadablePages: UInt64 = 0
  /// Hashes of the finished file, which does not have the incomplete mark any more, in ascending order and without gaps.
  /// Headers, maps and descriptors are in other chunks than the data.
  package internal(set) var chunks: [Chunk] = []
  /// What is to be written to drop the incomplete mark.
  package internal(set) var mark = Patch(offset: 0, bytes: [])

  /// Adds a page to those that could not be read, in ascending order.
  mutating func noteUnreadable(_ frame: UInt64) {
    unreadablePages += 1
    if let last = unreadable.last, last.upperBound == frame {
      unreadable[unreadable.count - 1] = last.lowerBound..<(frame + 1)
    } else {
      unreadable.append(frame..<(frame + 1))
    }
  }
}
