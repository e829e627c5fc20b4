package import ByteCoding

/// A field of the setup header whose value cannot be right, because another source in the file contradicts
/// it, and the value that replaces it.
package struct MendedField: Equatable, Sendable {
  /// Its name in Documentation/arch/x86/boot.rst.
  package let name: String
  /// Bytes from the file's start, and from that of boot_params.
  package let offset: Int
  /// Bytes that it takes.
  package let size: Int
  /// What the file has.
  package let found: UInt64
  /// What is used.
  package let taken: UInt64

  /// `field` of that name, which has the value `found` and should have `taken`.
  package init<Value>(_ name: String, _ field: Field<Value>, found: UInt64, taken: UInt64) {
    self.name = name
    offset = field.offset
    size = field.size
    self.found = found
    self.taken = taken
  }

  /// Whether it is init_size, and less than the kernel needs.
  package var isInitSizeTooSmall: Bool {
    offset == SetupHeader.initSize.offset && found < taken
  }

  /// Writes the used value into a copy of a part of the file or of boot_params that begins at byte `start`.
  func mend(_ bytes: inout [UInt8], from start: Int) {
    for index in 0..<size where bytes.indices.contains(offset - start + index) {
      bytes[offset - start + index] = UInt8(truncatingIfNeeded: taken >> UInt64(8 * index))
    }
  }
}

extension BzImage {
  /// Writes the used values into a copy of the real-mode part, whose code passes the header on to the kernel.
  package func mend(_ realModePart: inout [UInt8]) {
    for field in mended { field.mend(&realModePart, from: 0) }
  }
}
