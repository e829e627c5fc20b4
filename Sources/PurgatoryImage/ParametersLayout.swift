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
  static let bootParameters = Field<UInt64>(0x18)
  static let timestampText = Field<UInt64>(0x20)
  static let serialPort = Field<UInt16>(0x28)
  static let serialBaud = Field<UInt32>(0x2c)
  static let digestKind = Field<UInt32>(0x30)
  static let regionCount = Field<UInt32>(0x34)
  /// Of all bytes before it.
  static let checksum = Field<UInt64>(0x178)
  static let returnAddress = Field<UInt64>(0x180)
  static let enteredAt = Field<UInt64>(0x188)
  static let checkedAt = Field<UInt64>(0x190)

  /// Where the expected digest starts.
  static let digest = 0x38
  /// Where the table of regions starts.
  static let regions = 0x78
  /// Bytes of a region.
  static let regionSize = 16

  /// In a region.
  static let regionStart = Field<UInt64>(0x00)
  /// In a region.
  static let regionByteCount = Field<UInt64>(0x08)
}
