internal import CBzip2

/// bzip2, by libbz2: one stream.
internal enum Bzip2 {
  static func decode(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    var stream = unsafe bz_stream()
    // libbz2 requires that its state stays at one address.
    return try unsafe withUnsafeMutablePointer(to: &stream) { stream throws(CompressionError) in
      // No messages, and the fast decoder rather than the small one.
      guard unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else {
        throw .outOfMemory(wanted: 0)
      }
      defer { unsafe _ = BZ2_bzDecompressEnd(stream) }

      return try unsafe drive(.bzip2, input, &output) {
        rest, offset, space throws(CompressionError) in
        let available = UInt32(clamping: rest.count)
        let capacity = UInt32(clamping: space.count)
        unsafe stream.pointee.next_in = UnsafeMutableRawPointer(rest.asInput)?
          .assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_in = available
        unsafe stream.pointee.next_out = UnsafeMutableRawPointer(space.asOutput)?
          .assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_out = capacity
        let result = unsafe BZ2_bzDecompress(stream)
        let consumed = unsafe Int(available - stream.pointee.avail_in)
        switch result {
        case BZ_OK, BZ_STREAM_END: break
        case BZ_MEM_ERROR: throw .outOfMemory(wanted: 0)
        default: throw .corrupt(.bzip2, inputOffset: offset + consumed)
        }
        return unsafe Step(
          consumed: consumed, produced: Int(capacity - stream.pointee.avail_out),
          isFinished: result == BZ_STREAM_END)
      }
    }
  }
}
