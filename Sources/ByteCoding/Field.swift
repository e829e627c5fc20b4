/// One fixed-width little-endian integer of a binary layout, at a fixed offset.
///
/// A layout is a list of these: `static let cmdLinePtr = Field<UInt32>(0x228)`. The reader and the
/// writer share the list, so an offset is written once.
package struct Field<Value: FixedWidthInteger & BitwiseCopyable>: Sendable {
  /// Bytes from the start of the layout.
  package let offset: Int

  /// Makes a field that starts `offset` bytes into its layout.
  package init(_ offset: Int) {
    self.offset = offset
  }

  /// Bytes that the field takes.
  package var size: Int { MemoryLayout<Value>.size }

  /// The first byte after the field.
  package var end: Int { offset + size }
}
