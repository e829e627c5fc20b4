extension Array where Element == UInt8 {
  /// Writes `value` as `field` of a layout that starts at `base`.
  ///
  /// - Precondition: the field is inside the array; the sizes of all written layouts are known.
  package mutating func store<Value>(_ value: Value, as field: Field<Value>, base: Int = 0) {
    let start = base + field.offset
    precondition(start >= 0 && start + field.size <= count, "a field outside its layout")
    for index in 0..<field.size {
      self[start + index] = UInt8(truncatingIfNeeded: value >> Value(8 * index))
    }
  }

  /// Copies `bytes` over the array's bytes from `offset` on.
  ///
  /// - Precondition: the bytes fit.
  package mutating func store(_ bytes: some Collection<UInt8>, at offset: Int) {
    replaceSubrange(offset..<(offset + bytes.count), with: bytes)
  }

  /// Appends `value` in little-endian order.
  package mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
    for index in 0..<MemoryLayout<Value>.size {
      append(UInt8(truncatingIfNeeded: value >> Value(8 * index)))
    }
  }
}

extension Array where Element == UInt8 {
  /// The value of `field` of a layout that starts at `base`.
  ///
  /// - Precondition: the field is inside the array.
  package func loadField<Value>(_ field: Field<Value>, base: Int = 0) -> Value {
    precondition(base >= 0 && field.end <= count - base, "a field outside its layout")
    var value: Value = 0
    for index in (0..<field.size).reversed() {
      value = (value << 8) | Value(self[base + field.offset + index])
    }
    return value
  }
}
