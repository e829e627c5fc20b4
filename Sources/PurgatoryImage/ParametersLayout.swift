import ByteCoding
import CPurgatoryABI

/// Corresponds to struct purgatory_parameters; a test compares the two.
enum ParametersLayout {
  /// Where the parameters start in the blob.
  static let base = Int(PURGATORY_PARAMETERS_OFFSET)

  static let magic = Field<UInt64>(0x00)
  static let version = Field<UInt32>(0x08)
  static let flags = Field<UInt32>(0x0c)
  static let entry = Field<UInt64>(0x10)
  static let rsi = Field<UInt64>(0x18)
  static let rdi = Field<UInt64>(0x20)
  static let timestampText = Field<UInt64>(0x48)
  static let serialPort = Field<UInt16>(0x50)
  static let entryMode = Field<UInt16>(0x52)
  static let serialBaud = Field<UInt32>(0x54)
  static let digestKind = Field<UInt32>(0x58)
  static let regionCount = Field<UInt32>(0x5c)
  /// Of all bytes before it.
  static let checksum = Field<UInt64>(0x1a0)
  static let returnAddress = Field<UInt64>(0x1a8)
  static let enteredAt = Field<UInt64>(0x1b0)
  static let checkedAt = Field<UInt64>(0x1b8)

  /// Where the registers of 32 bits start.
  static let registers = 0x28
  /// Where the expected digest starts.
  static let digest = 0x60
  /// Where the table of regions starts.
  static let regions = 0xa0
  /// Bytes of a region.
  static let regionSize = 16

  /// In a region.
  static let regionStart = Field<UInt64>(0x00)
  /// In a region.
  static let regionByteCount = Field<UInt64>(0x08)
}
