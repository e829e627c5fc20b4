internal import CZstd

/// zstd, by libzstd: one frame.
///
/// With a stable output zstd decodes directly into it. Otherwise it would decode into a window of its own,
/// 128 MiB for kernels, and copy from there.
internal enum Zstd {
  static func decode(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    if output.isStreaming { return try unsafe stream(input, &output) }
    // An error or "unknown" is larger than all sizes; the decoder reports the error.
    let contentSize = unsafe ZSTD_getFrameContentSize(input.baseAddress, input.count)
    if contentSize < ZSTD_CONTENTSIZE_ERROR {
      guard contentSize <= UInt64(output.limit) else { throw .tooLarge(limit: output.limit) }
      try output.reserve(Int(contentSize))
    } else if !output.hasExpectedSize {
      try unsafe reserveBound(input, &output)
    }
    if let consumed = try unsafe decodeIntoRoom(input, &output) { return consumed }
    // The expected size was too small.
    try unsafe reserveBound(input, &output)
    if let consumed = try unsafe decodeIntoRoom(input, &output) { return consumed }
    // The output does not fit into the limit.
    throw .tooLarge(limit: output.limit)
  }

  /// Decodes the frame and returns its size, or nil when the space in `output` is too small.
  private static func decodeIntoRoom(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int? {
    guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory(wanted: 0) }
    defer { unsafe _ = ZSTD_freeDCtx(context) }
    unsafe _ = ZSTD_DCtx_setParameter(context, CZstd_stableOutput, 1)
    unsafe _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31)

    let space = unsafe output.unfilled
    var target = unsafe ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
    var consumed = 0
    while true {
      let end = min(input.count, consumed + Output.inputStep)
      var source = unsafe ZSTD_inBuffer(
        src: input.baseAddress.map { unsafe $0 + consumed }, size: end - consumed, pos: 0)
      let before = unsafe target.pos
      let result = unsafe ZSTD_decompressStream(context, &target, &source)
      let error = ZSTD_getErrorCode(result)
      if error == ZSTD_error_dstSize_tooSmall { return nil }
      try check(error, at: consumed)
      unsafe consumed += source.pos
      if result == 0 {
        unsafe output.fill(target.pos)
        return consumed
      }
      output.hasUsedInput(before: consumed)
      if unsafe source.pos == 0 && target.pos == before {
        // Nothing could be done: either input is missing, or the output is full.
        if consumed == input.count { throw .truncated(.zstd, inputOffset: consumed) }
        return nil
      }
    }
  }

  /// Decodes the frame with a window of zstd's own, of at most 128 MiB.
  static func stream(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory(wanted: 0) }
    defer { unsafe _ = ZSTD_freeDCtx(context) }
    unsafe _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    return try unsafe drive(.zstd, input, &output) { rest, offset, space throws(CompressionError) in
      var source = unsafe ZSTD_inBuffer(src: rest.baseAddress, size: rest.count, pos: 0)
      var target = unsafe ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
      let result = unsafe ZSTD_decompressStream(context, &target, &source)
      try check(ZSTD_getErrorCode(result), at: offset)
      return unsafe Step(consumed: source.pos, produced: target.pos, isFinished: result == 0)
    }
  }

  /// Makes space for as much as the blocks of the frame can hold: 128 KiB each, which all but the
  /// last usually do.
  private static func reserveBound(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) {
    let size = unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
    try check(ZSTD_getErrorCode(size), at: input.count)
    try unsafe output.reserve(Int(clamping: ZSTD_decompressBound(input.baseAddress, size)))
  }

  private static func check(
    _ error: ZSTD_ErrorCode, at offset: Int
  ) throws(CompressionError) {
    switch error {
    case ZSTD_error_no_error: return
    case ZSTD_error_srcSize_wrong: throw .truncated(.zstd, inputOffset: offset)
    case ZSTD_error_memory_allocation: throw .outOfMemory(wanted: 0)
    case ZSTD_error_frameParameter_windowTooLarge: throw .windowTooLarge(.zstd)
    case ZSTD_error_dictionary_wrong, ZSTD_error_frameParameter_unsupported:
      throw .unsupported(.zstd, inputOffset: offset)
    default: throw .corrupt(.zstd, inputOffset: offset)
    }
  }
}
