package import ByteCoding
package import CrashDumps

/// Writes the dump of a crashed kernel's memory.
///
/// The file can be read at any time while it is written: headers with the incomplete mark, notes and maps come first,
/// then pages and the descriptors that point at them.
package final class DumpWriter {
  /// The most bytes that a part of the file with a hash of its own has.
  package static let chunkSize: UInt64 = .mebibytes(64)

  /// The most bytes that the file can have: all pages are stored as they are.
  package let largestByteCount: UInt64
  /// How many pages are to be written.
  package let pageCount: UInt64

  private let image: CrashImage

  /// - Parameters:
  ///   - image: the memory.
  ///   - classification: which pages belong into the dump; its level becomes the file's.
  ///   - format: the form of the file.
  ///   - threads: how many threads compress, this one included; 1 starts none.
  ///   - isBlank: whether what is not written of the target is zero, as in a new file: a device is not.
  ///   - hashesChunks: whether `WrittenDump.chunks` is wanted.
  package init(
    _ image: CrashImage, _ classification: Classification, format: DumpFileFormat, threads: Int,
    isBlank: Bool, hashesChunks: Bool
  ) throws(CrashImageError) {
    self.image = image
    largestByteCount = 0
    pageCount = 0
  }

  /// Writes the whole dump, but for dropping the incomplete mark: the caller does that with `WrittenDump.mark`.
  ///
  /// `progress` is called on this thread, some hundred times.
  package func write(
    to output: RandomAccessOutput, progress: (DumpProgress) -> Void
  ) throws(DumpWriteError) -> WrittenDump {
    WrittenDump()
  }
}
