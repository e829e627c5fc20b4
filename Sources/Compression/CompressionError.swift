/// Why compressed data could not be decompressed.
///
/// `inputOffset` is the offset in the input, as precisely as the library tells it: for zstd that of the
/// frame, for lz4 and lzop that of the block.
package enum CompressionError: Error, Equatable, Sendable {
  /// The data violates the format, or a checksum does not match.
  case corrupt(CompressionFormat, inputOffset: Int)
  /// The input ends before the stream does.
  case truncated(CompressionFormat, inputOffset: Int)
  /// The stream needs something that is not available: a dictionary, or an unknown filter.
  case unsupported(CompressionFormat, inputOffset: Int)
  /// The output has more than this many bytes.
  case tooLarge(limit: Int)
  /// The stream needs a window of more than 256 MiB (zstd: 2 GiB), or of more than 128 MiB if the output is
  /// not kept.
  case windowTooLarge(CompressionFormat)
  /// There is no memory for a buffer of this many bytes; 0 if it was a buffer of the library.
  case outOfMemory(wanted: Int)
}

extension CompressionError {
  /// Whether the stream is damaged, rather than valid and not supported.
  package var isDamage: Bool {
    switch self {
    case .corrupt, .truncated: true
    case .unsupported, .tooLarge, .windowTooLarge, .outOfMemory: false
    }
  }
}
