internal import ByteCoding
internal import CLzma

/// xz and its predecessor, by liblzma: one stream.
internal enum LZMA {
  /// How much memory a decoder may take, mostly for its window: `xz -9` wants 64 MiB. If the output is not
  /// kept, the limit is a window of 128 MiB and liblzma's own tables.
  private static func memoryLimit(_ output: borrowing Output) -> UInt64 {
    output.isStreaming ? .mebibytes(129) : .mebibytes(256)
  }

  static func decodeXZ(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    let limit = memoryLimit(output)
    return try unsafe decode(.xz, input, &output) { unsafe lzma_stream_decoder($0, limit, 0) }
  }

  static func decodeAlone(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    let limit = memoryLimit(output)
    return try unsafe decode(.lzma, input, &output) { unsafe lzma_alone_decoder($0, limit) }
  }

  private static func decode(
    _ format: CompressionFormat, _ input: UnsafeRawBufferPointer, _ output: inout Output,
    start: (UnsafeMutablePointer<lzma_stream>) -> lzma_ret
  ) throws(CompressionError) -> Int {
    var stream = unsafe lzma_stream()
    return try unsafe withUnsafeMutablePointer(to: &stream) { stream throws(CompressionError) in
      guard unsafe start(stream) == LZMA_OK else { throw .outOfMemory(wanted: 0) }
      defer { unsafe lzma_end(stream) }

      return try unsafe drive(format, input, &output) {
        rest, offset, space throws(CompressionError) in
        unsafe stream.pointee.next_in = UnsafePointer(rest.asInput)
        unsafe stream.pointee.avail_in = rest.count
        unsafe stream.pointee.next_out = space.asOutput
        unsafe stream.pointee.avail_out = space.count
        let result = unsafe lzma_code(stream, LZMA_RUN)
        let consumed = unsafe rest.count - stream.pointee.avail_in
        switch result {
        // LZMA_BUF_ERROR means that nothing could be done this time.
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
        case LZMA_MEM_ERROR: throw .outOfMemory(wanted: 0)
        case LZMA_MEMLIMIT_ERROR: throw .windowTooLarge(format)
        case LZMA_OPTIONS_ERROR: throw .unsupported(format, inputOffset: offset + consumed)
        default: throw .corrupt(format, inputOffset: offset + consumed)
        }
        return unsafe Step(
          consumed: consumed, produced: space.count - stream.pointee.avail_out,
          isFinished: result == LZMA_STREAM_END)
      }
    }
  }
}
