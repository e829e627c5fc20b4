package import ByteCoding

/// The one stream of `format` that `input` starts with, decompressed.
///
/// Bytes after the stream are no error: a kernel's payload has its size appended, and initial file
/// systems are strung together.
///
/// - Parameters:
///   - input: The compressed bytes, and possibly others after them.
///   - format: What `CompressionFormat.recognise` said.
///   - limit: How many bytes of output are too many when there is one more.
///   - expectedSize: The likely size of the output. It only saves growing the buffer: whether the
///     size is right is for the caller to see.
/// - Returns: The output, and how much of the input it came from.
/// - Throws: What is wrong with the input. Never takes more memory than `limit`, one window of at
///   most 256 MiB and one block of at most 64 MiB.
package func decompress(
  _ input: SharedBytes, as format: CompressionFormat, limit: Int, expectedSize: Int? = nil
) throws(CompressionError) -> Decompressed {
  try decompressMutable(input, as: format, limit: limit, expectedSize: expectedSize).freeze()
}

/// `decompress` with a result that may be changed in place before it is shared.
package func decompressMutable(
  _ input: SharedBytes, as format: CompressionFormat, limit: Int, expectedSize: Int? = nil
) throws(CompressionError) -> MutableDecompressed {
  guard CompressionFormat.recognise(input.span) == format else {
    // No magic number is longer than lzop's.
    throw input.count < LZO.magic.count
      ? .truncated(format, inputOffset: input.count) : .corrupt(format, inputOffset: 0)
  }
  var output = try Output(
    limit: limit, expectedSize: expectedSize, input: input)
  let consumed = try unsafe input.withUnsafeBytes { (input) throws(CompressionError) in
    try unsafe format.decoder(input, &output)
  }
  return MutableDecompressed(bytes: try output.finish(), consumed: consumed)
}

/// Decompresses the one stream of `format` that `input` starts with, without keeping what it holds.
///
/// Takes 64 KiB of memory and a block of the format (8 MiB of LZ4's legacy frame, as much as the
/// file says, up to 64 MiB, of lzop's) or the window that the stream declares, up to 128 MiB.
///
/// - Parameters:
///   - input: the compressed bytes, and possibly others after them.
///   - format: what `CompressionFormat.recognise` said.
///   - consumer: is given the bytes in order, some at a time.
/// - Returns: how much of the input the stream takes.
/// - Throws: what is wrong with the input, after `consumer` has been given what there is before that.
package func decompress(
  _ input: SharedBytes, as format: CompressionFormat, _ consumer: @escaping (RawSpan) -> Void
) throws(CompressionError) -> Int {
  guard CompressionFormat.recognise(input.span) == format else {
    throw .corrupt(format, inputOffset: 0)
  }
  var output = try Output(input: input, consumer: consumer)
  // What there is before a fault is given away too.
  defer { output.giveAway() }
  return try unsafe input.withUnsafeBytes { (input) throws(CompressionError) in
    try unsafe format.decoder(input, &output)
  }
}

/// Decompresses the stream at the start of the input and returns how much of it that is.
internal typealias Decoder =
  (UnsafeRawBufferPointer, inout Output) throws(CompressionError) -> Int

extension CompressionFormat {
  var decoder: Decoder {
    switch self {
    case .gzip: unsafe Gzip.decode
    case .xz: unsafe LZMA.decodeXZ
    case .lzma: unsafe LZMA.decodeAlone
    case .zstd: unsafe Zstd.decode
    case .lz4: unsafe LZ4.decode
    case .bzip2: unsafe Bzip2.decode
    case .lzo: unsafe LZO.decode
    }
  }
}
