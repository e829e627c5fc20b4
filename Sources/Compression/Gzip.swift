internal import CZlib

/// gzip, by zlib: one member.
internal enum Gzip {
  static func decode(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    var stream = unsafe z_stream()
    // zlib requires that its state stays at one address.
    return try unsafe withUnsafeMutablePointer(to: &stream) { stream throws(CompressionError) in
      // 15: the largest window; 16: a gzip header and trailer, and nothing else.
      let started = unsafe inflateInit2_(
        stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      guard started == Z_OK else { throw .outOfMemory(wanted: 0) }
      defer { unsafe _ = inflateEnd(stream) }

      return try unsafe drive(.gzip, input, &output) {
        rest, offset, space throws(CompressionError) in
        let available = UInt32(clamping: rest.count)
        let capacity = UInt32(clamping: space.count)
        unsafe stream.pointee.next_in = rest.asInput
        unsafe stream.pointee.avail_in = available
        unsafe stream.pointee.next_out = space.asOutput
        unsafe stream.pointee.avail_out = capacity
        let result = unsafe inflate(stream, Z_NO_FLUSH)
        let consumed = unsafe Int(available - stream.pointee.avail_in)
        switch result {
        // Z_BUF_ERROR: nothing could be done this time.
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR: break
        case Z_MEM_ERROR: throw .outOfMemory(wanted: 0)
        case Z_NEED_DICT: throw .unsupported(.gzip, inputOffset: offset + consumed)
        // RFC 1952: "Reserved FLG bits must be zero"; only newer programs can know their meaning.
        case _ where unsafe offset + consumed <= headerSize && hasReservedFlags(input):
          throw .unsupported(.gzip, inputOffset: flagsOffset)
        default: throw .corrupt(.gzip, inputOffset: offset + consumed)
        }
        return unsafe Step(
          consumed: consumed, produced: Int(capacity - stream.pointee.avail_out),
          isFinished: result == Z_STREAM_END)
      }
    }
  }

  /// Bytes of the header without its optional fields.
  private static let headerSize = 10
  /// FLG in the header.
  private static let flagsOffset = 3
  private static let reservedFlags: UInt8 = 0b1110_0000

  private static func hasReservedFlags(_ input: UnsafeRawBufferPointer) -> Bool {
    unsafe input.count > flagsOffset && (input[flagsOffset] & reservedFlags) != 0
  }
}
