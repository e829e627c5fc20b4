import ByteCoding
import CPurgatoryABI

/// Corresponds to struct purgatory_header; a test compares the two.
enum HeaderLayout {
  /// Where the header starts in the blob.
  static let base = Int(PURGATORY_HEADER_OFFSET)

  static let magic = Field<UInt64>(0x00)
  static let fileSize = Field<UInt64>(0x08)
  static let memorySize = Field<UInt64>(0x10)
  static let verifyOffset = Field<UInt64>(0x18)
}
