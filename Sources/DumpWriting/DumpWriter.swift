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
  /// How many pages are to be written, at most.
  package let pageCount: UInt64

  private let image: CrashImage
  private let level: DumpLevel
  private let format: DumpFileFormat
  private let options: Options
  private let selection: PageSelection
  private let elf: ELFWriter?

  /// How a dump is written.
  package struct Options: Equatable, Sendable {
    /// How many threads compress, the calling one included; 1 starts none.
    package var threads: Int
    /// Whether what is not written of the target is zero, as in a new file. A device is not.
    package var isBlank: Bool
    /// Whether `WrittenDump.chunks` is wanted.
    package var hashesChunks: Bool
    /// Whether free pages on lists of processors are left out where the level leaves out free pages.
    package var leavesOutPerCPU: Bool

    /// Options that the caller changes.
    package init(
      threads: Int = 1, isBlank: Bool = true, hashesChunks: Bool = true,
      leavesOutPerCPU: Bool = true
    ) {
      self.threads = threads
      self.isBlank = isBlank
      self.hashesChunks = hashesChunks
      self.leavesOutPerCPU = leavesOutPerCPU
    }
  }

  /// A dump of `image` with the pages that `classification` keeps, whose level becomes the file's.
  package init(
    _ image: CrashImage, _ classification: Classification, format: DumpFileFormat,
    options: Options
  ) throws(CrashImageError) {
    self.image = image
    self.format = format
    self.options = options
    level = classification.level
    selection = try PageSelection(
      image, classification, leavesOutPerCPU: options.leavesOutPerCPU)
    switch format {
    case .compressed(let compression):
      elf = nil
      pageCount = classification.tally.count(.kept)
      let pages = pageCount - min(classification.zeroPages ?? 0, pageCount)
      let headers = CompressedHeaders(image, level: level, compression: compression)
      let table = pageCount * UInt64(CompressedLayout.Descriptor.size)
      largestByteCount = headers.descriptors + table + (pages + 1) << 12
    case .elf:
      let writer = try ELFWriter(image, selection, level: level, options: options)
      elf = writer
      pageCount = writer.layout.pageCount
      largestByteCount = writer.layout.byteCount
    }
  }

  /// Writes the whole dump, but for dropping the incomplete mark: the caller does that with `WrittenDump.mark`.
  ///
  /// `progress` is called on this thread, some hundred times.
  package func write(
    to output: RandomAccessOutput, progress: @escaping (DumpProgress) -> Void
  ) throws(DumpWriteError) -> WrittenDump {
    if let elf { return try elf.write(to: output, progress: progress) }
    guard case .compressed(let compression) = format else { return WrittenDump() }
    let writer = try CompressedWriter(
      image, selection, level: level, compression: compression, options: options, to: output,
      progress: progress)
    return try writer.write()
  }
}
