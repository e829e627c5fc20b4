/// Reads the fields of a compressed file's headers one after the other.
@safe internal struct BigEndianReader {
  // SAFETY: the decoder that makes the reader keeps the input alive while it uses it.
  private let input: UnsafeRawBufferPointer
  private let format: CompressionFormat
  /// Where the next field starts.
  private(set) var offset: Int

  @unsafe init(_ input: UnsafeRawBufferPointer, from offset: Int, format: CompressionFormat) {
    unsafe self.input = input
    self.offset = offset
    self.format = format
  }

  /// The next integer.
  mutating func next<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type
  ) throws(CompressionError) -> Value {
    let bytes = try unsafe self.bytes(MemoryLayout<Value>.size)
    return unsafe Value(bigEndian: bytes.loadUnaligned(as: Value.self))
  }

  /// The next `count` bytes, valid as long as the input.
  @unsafe mutating func bytes(_ count: Int) throws(CompressionError) -> UnsafeRawBufferPointer {
    guard unsafe count <= input.count - offset else {
      throw unsafe .truncated(format, inputOffset: input.count)
    }
    defer { offset += count }
    return unsafe UnsafeRawBufferPointer(rebasing: input[offset..<offset + count])
  }

  /// The bytes that have been read since the offset was `start`.
  @unsafe func bytes(since start: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: input[start..<offset])
  }
}
