extension RawSpan {
  /// The little-endian integer at `offset`, which need not be aligned.
  ///
  /// - Throws: `OutOfBounds` unless all of its bytes are inside the span.
  @inlinable @inline(__always)
  package func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int
  ) throws(OutOfBounds) -> Value {
    let size = MemoryLayout<Value>.size
    guard offset >= 0, offset <= byteCount - size else {
      throw OutOfBounds(offset: offset, wanted: size, available: byteCount)
    }
    // SAFETY: the guard above proves that the bytes are inside the span.
    return unsafe Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }

  /// The value of `field` in a layout that starts at `base`.
  ///
  /// - Throws: `OutOfBounds` unless the field is inside the span.
  package func load<Value>(
    _ field: Field<Value>, base: Int = 0
  ) throws(OutOfBounds) -> Value {
    try load(Value.self, at: base.addingReportingOverflow(field.offset).partialValue)
  }
}
