package import ByteCoding
package import Compression

/// A kernel file, unpacked when it was compressed as a whole.
package struct KernelFile: Sendable {
  /// The kernel, unpacked in memory or in the mapped file.
  package let bytes: SharedBytes
  /// How the file was compressed; nil when nothing had to be unpacked.
  package let packing: CompressionFormat?

  /// The most bytes that a kernel may unpack to: the most that kexec_file_load reads.
  package static let sizeLimit = Int.gibibytes(4)

  /// Unpacks `file`, one layer, into at most `limit` bytes.
  ///
  /// Streams of one format that follow each other count as one, as parallel compressors write them. Other
  /// bytes that follow are ignored, as by other programs that unpack such files.
  package init(_ file: SharedBytes, limit: Int) throws(ImageError) {
    guard let format = CompressionFormat.recognise(file.span) else {
      bytes = file
      packing = nil
      return
    }
    var parts: [SharedBytes] = []
    let limit = min(limit, Self.sizeLimit)
    var left = limit
    var position = 0
    while let rest = try? file.slice(position..<file.count),
      CompressionFormat.recognise(rest.span) == format
    {
      do throws(CompressionError) {
        let part = try decompress(rest, as: format, limit: left)
        if part.bytes.count > 0 { parts.append(part.bytes) }
        left -= part.bytes.count
        position += part.consumed
      } catch .tooLarge {
        throw .notUnpacked(.tooLarge(limit: limit), streamOffset: position)
      } catch {
        throw .notUnpacked(error, streamOffset: position)
      }
    }
    file.evict()
    bytes = parts.count == 1 ? parts[0] : try Self.join(parts)
    packing = format
  }

  private static func join(_ parts: [SharedBytes]) throws(ImageError) -> SharedBytes {
    do {
      var buffer = try GrowableBytes(capacity: parts.reduce(0) { $0 + $1.count })
      for part in parts { try buffer.append(part) }
      return buffer.finish().freeze()
    } catch {
      throw .notUnpacked(.outOfMemory(wanted: error.wanted), streamOffset: 0)
    }
  }
}
