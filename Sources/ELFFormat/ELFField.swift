package import ByteCoding

/// A field that both widths of ELF have, at another offset and as a rule of another size.
package struct ELFField<
  Narrow: FixedWidthInteger & BitwiseCopyable & Sendable,
  Wide: FixedWidthInteger & BitwiseCopyable & Sendable
>: Sendable {
  /// Where ELF32 has it.
  package let narrow: Field<Narrow>
  /// Where ELF64 has it.
  package let wide: Field<Wide>

  /// The field at these offsets of its header.
  init(_ narrow: Int, _ wide: Int) {
    self.narrow = Field(narrow)
    self.wide = Field(wide)
  }

  /// Bytes from the start of its header.
  package func offset(_ width: ELFWidth) -> Int {
    width == .bits32 ? narrow.offset : wide.offset
  }

  /// The first byte after the field.
  package func end(_ width: ELFWidth) -> Int {
    width == .bits32 ? narrow.end : wide.end
  }
}

extension RawSpan {
  /// The value of `field` in a header that starts at `base`.
  ///
  /// - Throws: `OutOfBounds` unless the field is inside the span.
  package func load<Narrow, Wide>(
    _ field: ELFField<Narrow, Wide>, _ width: ELFWidth, base: Int = 0
  ) throws(OutOfBounds) -> UInt64 {
    switch width {
    case .bits32: UInt64(truncatingIfNeeded: try load(field.narrow, base: base))
    case .bits64: UInt64(truncatingIfNeeded: try load(field.wide, base: base))
    }
  }
}

extension Array where Element == UInt8 {
  /// Writes the low bits of `value` as `field` of a header that starts at `base`.
  ///
  /// - Precondition: the field is inside the array.
  package mutating func store<Narrow, Wide>(
    _ value: UInt64, as field: ELFField<Narrow, Wide>, _ width: ELFWidth, base: Int = 0
  ) {
    switch width {
    case .bits32: store(Narrow(truncatingIfNeeded: value), as: field.narrow, base: base)
    case .bits64: store(Wide(truncatingIfNeeded: value), as: field.wide, base: base)
    }
  }
}
