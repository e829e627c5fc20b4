package import ByteCoding

/// Offsets of flattened files: a head, and records of an offset, a size, and bytes. All numbers are big-endian.
package enum FlattenedLayout {
  /// What the file begins with; zeros follow, up to 16 bytes.
  package static let magic = "makedumpfile"
  /// "makedump", the first eight bytes of it, as they are read.
  package static let magicValue: UInt64 = 0x706D_7564_656B_616D
  /// Always 1.
  package static let type = Field<UInt64>(16)
  /// Always 1.
  package static let version = Field<UInt64>(24)
  /// Bytes of the head.
  package static let headSize = 4096

  /// Where the bytes of a record belong; all ones in the record that ends the file.
  package static let recordOffset = Field<UInt64>(0)
  /// How many they are; all ones in the record that ends the file.
  package static let recordCount = Field<UInt64>(8)
  /// Bytes in front of a record's own.
  package static let recordSize = 16
}
