package import ByteCoding

/// Decompresses the one stream of `format` that `input` starts with.
///
/// Bytes after the stream are no error: a kernel's payload is followed by its size, and an archive of an
/// initrd by the next one.
///
/// - Parameters:
///   - input: The compressed bytes, and possibly others after them.
///   - format: The result of `CompressionFormat.recognise`.
///   - limit: The most bytes of output that are allowed.
///   - expectedSize: The likely size of the output, which avoids growing the buffer. The caller must check
///     whether it is right.
/// - Returns: The output, and how many bytes of the input the stream takes.
/// - Throws: What is wrong with the input. Never takes more memory than `limit`, one window of at
///   most 256 MiB and one block of at most 64 MiB.
package func decompress(
  _ input: SharedBytes, as format: CompressionFormat, limit: Int, expectedSize: Int? = nil
) throws(CompressionError) -> Decompressed {
  try decompressMutable(input, as: format, limit: limit, expectedSize: expectedSize).freeze()
}

/// Like `decompress`, with a result that may be changed in place before it is shared.
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

/// Decompresses the one stream of `format` that `input` starts with, without keeping the output.
///
/// Takes 64 KiB of memory and a block of the format (8 MiB of LZ4's legacy frame, as much as the file states,
/// up to 64 MiB, of lzop's) or the window that the stream declares, up to 128 MiB.
///
/// - Parameters:
///   - input: the compressed bytes, and possibly others after them.
///   - format: the result of `CompressionFormat.recognise`.
///   - consumer: gets the output in order, in chunks.
/// - Returns: how much of the input the stream takes.
/// - Throws: what is wrong with the input, after `consumer` has got the output before the fault.
package func decompress(
  _ input: SharedBytes, as format: CompressionFormat, _ consumer: @escaping (RawSpan) -> Void
) throws(CompressionError) -> Int {
  guard CompressionFormat.recognise(input.span) == format else {
    throw .corrupt(format, inputOffset: 0)
  }
  var output = try Output(input: input, consumer: consumer)
  // The output before a fault is passed on too.
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
