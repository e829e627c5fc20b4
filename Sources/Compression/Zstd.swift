internal import CZstd

/// zstd, by libzstd: one frame.
///
/// The frame is decoded in one go, straight into the output. zstd's streaming interface would
/// decode into a window of its own, 128 MiB for kernels, and copy from there.
internal enum Zstd {
  static func decode(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    let size = unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
    try check(size, inputSize: input.count)

    // An error or "unknown" is larger than all sizes; the decoder reports the error.
    let contentSize = unsafe ZSTD_getFrameContentSize(input.baseAddress, size)
    if contentSize < ZSTD_CONTENTSIZE_ERROR {
      guard contentSize <= UInt64(output.limit) else { throw .tooLarge(limit: output.limit) }
      try output.reserve(Int(contentSize))
    } else if !output.hasExpectedSize {
      try unsafe reserveBound(input, size, &output)
    }
    var produced = unsafe decompress(input, size, output)
    if ZSTD_getErrorCode(produced) == ZSTD_error_dstSize_tooSmall {
      // The size that was expected is too small.
      try unsafe reserveBound(input, size, &output)
      produced = unsafe decompress(input, size, output)
      // Now it is the limit that is too small.
      if ZSTD_getErrorCode(produced) == ZSTD_error_dstSize_tooSmall {
        throw .tooLarge(limit: output.limit)
      }
    }
    try check(produced, inputSize: size)
    unsafe output.fill(produced)
    return size
  }

  private static func decompress(
    _ input: UnsafeRawBufferPointer, _ size: Int, _ output: borrowing Output
  ) -> Int {
    let room = unsafe output.unfilled
    return unsafe ZSTD_decompress(room.baseAddress, room.count, input.baseAddress, size)
  }

  /// Makes room for as much as the blocks of the frame can hold: 128 KiB each, which all but the
  /// last usually do.
  private static func reserveBound(
    _ input: UnsafeRawBufferPointer, _ size: Int, _ output: inout Output
  ) throws(CompressionError) {
    try unsafe output.reserve(Int(clamping: ZSTD_decompressBound(input.baseAddress, size)))
  }

  /// Throws if what a function of zstd has returned is an error.
  private static func check(_ result: Int, inputSize: Int) throws(CompressionError) {
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_no_error: return
    case ZSTD_error_srcSize_wrong: throw .truncated(.zstd, inputOffset: inputSize)
    case ZSTD_error_memory_allocation: throw .outOfMemory(wanted: 0)
    case ZSTD_error_dictionary_wrong, ZSTD_error_frameParameter_unsupported:
      throw .unsupported(.zstd, inputOffset: 0)
    default: throw .corrupt(.zstd, inputOffset: 0)
    }
  }
}
