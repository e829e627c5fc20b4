internal import ByteCoding
internal import CLz4

/// LZ4, by liblz4: the legacy format of kernels and initrds, or one current frame.
///
/// See `doc/lz4_Frame_format.md` of LZ4.
internal enum LZ4 {
  static let legacyMagic: [UInt8] = [0x02, 0x21, 0x4C, 0x18]
  static let frameMagic: [UInt8] = [0x04, 0x22, 0x4D, 0x18]

  /// "Uncompressed data is cut into blocks of 8 MB; the last may be smaller."
  static let legacyBlockSize: Int = .mebibytes(8)

  /// Where FLG is in a frame: behind the magic number.
  private static let descriptorOffset = 4
  /// The flag DictID.
  private static let dictionaryFlag: UInt8 = 1 << 0

  static func decode(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    unsafe input.starts(with: frameMagic)
      ? try unsafe decodeFrame(input, &output) : try unsafe decodeLegacy(input, &output)
  }

  /// Decodes blocks until a word that cannot be the size of one.
  ///
  /// There is no end mark. A block of less than 8 MiB is probably the last: what follows it counts
  /// as a block only if it is one, down to the last byte. And a word that ends the input is the
  /// size that Linux appends to its payload rather than a block without data.
  private static func decodeLegacy(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    var offset = legacyMagic.count
    var mayHaveEnded = false
    while true {
      let start = offset + 4
      guard start <= input.count else {
        // An empty file is the magic number alone; one to three bytes more are an incomplete size.
        if mayHaveEnded || offset == input.count || output.count > 0 { return offset }
        throw .truncated(.lz4, inputOffset: input.count)
      }
      let word = unsafe UInt32(
        littleEndian: input.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      let size = Int(word)
      guard size > 0, size <= Int(LZ4_compressBound(Int32(legacyBlockSize))) else { return offset }
      guard size <= input.count - start else {
        if mayHaveEnded || (start == input.count && output.count > 0) { return offset }
        throw .truncated(.lz4, inputOffset: input.count)
      }

      try output.makeRoom(forBlock: legacyBlockSize)
      let produced = unsafe LZ4_decompress_safe(
        (input.baseAddress.map { unsafe $0 + start })?.assumingMemoryBound(to: CChar.self),
        output.unfilled.baseAddress?.assumingMemoryBound(to: CChar.self),
        Int32(size), Int32(legacyBlockSize))
      guard produced >= 0 else {
        if mayHaveEnded { return offset }
        throw .corrupt(.lz4, inputOffset: offset)
      }
      unsafe output.fill(Int(produced))
      try output.checkLimit()
      mayHaveEnded = produced < legacyBlockSize
      offset = start + size
      output.hasUsedInput(before: offset)
    }
  }

  private static func decodeFrame(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    var context: OpaquePointer?
    guard unsafe LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION)) == 0 else {
      throw .outOfMemory(wanted: 0)
    }
    defer { unsafe _ = LZ4F_freeDecompressionContext(context) }

    return try unsafe drive(.lz4, input, &output) { rest, offset, space throws(CompressionError) in
      var consumed = rest.count
      var produced = space.count
      let result = unsafe LZ4F_decompress(
        context, space.baseAddress, &produced, rest.baseAddress, &consumed, nil)
      guard LZ4F_isError(result) == 0 else {
        // The frame needs a dictionary, which is not available here.
        let needsDictionary =
          unsafe input.count > descriptorOffset
          && (input[descriptorOffset] & dictionaryFlag) != 0
        throw needsDictionary
          ? .unsupported(.lz4, inputOffset: offset) : error(result, at: offset)
      }
      return Step(consumed: consumed, produced: produced, isFinished: result == 0)
    }
  }

  /// The error for a result of the frame decoder, which is a negative code as a size.
  private static func error(_ result: Int, at offset: Int) -> CompressionError {
    switch LZ4F_errorCodes(rawValue: UInt32(truncatingIfNeeded: 0 &- result)) {
    case LZ4F_ERROR_allocation_failed: .outOfMemory(wanted: 0)
    case LZ4F_ERROR_headerVersion_wrong, LZ4F_ERROR_reservedFlag_set:
      .unsupported(.lz4, inputOffset: offset)
    default: .corrupt(.lz4, inputOffset: offset)
    }
  }
}
