/// Why compressed data could not be decompressed.
///
/// `inputOffset` is the place in the input as closely as the library tells: for zstd the start of
/// the frame, for lz4 and lzop that of the block.
package enum CompressionError: Error, Equatable, Sendable {
  /// The data is not what the format allows, or a checksum does not match.
  case corrupt(CompressionFormat, inputOffset: Int)
  /// The input ends before the stream does.
  case truncated(CompressionFormat, inputOffset: Int)
  /// The stream wants something that we do not have: a dictionary, or an unknown filter.
  case unsupported(CompressionFormat, inputOffset: Int)
  /// The output has more than this many bytes.
  case tooLarge(limit: Int)
  /// The stream wants a window of more than 256 MiB (zstd: 2 GiB), or 128 MiB where the output is not
  /// kept.
  case windowTooLarge(CompressionFormat)
  /// There is no memory for a buffer of this many bytes; 0 if it was the library's own.
  case outOfMemory(wanted: Int)
}

extension CompressionError {
  /// Whether the stream is not what it should be, rather than more than this program can do.
  package var isDamage: Bool {
    switch self {
    case .corrupt, .truncated: true
    case .unsupported, .tooLarge, .windowTooLarge, .outOfMemory: false
    }
  }
}
