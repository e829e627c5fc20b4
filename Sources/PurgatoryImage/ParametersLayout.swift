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
  static let jumpBackText = Field<UInt64>(0x50)
  static let pageTables = Field<UInt64>(0x58)
  static let serialPort = Field<UInt16>(0x60)
  static let entryMode = Field<UInt16>(0x62)
  static let serialBaud = Field<UInt32>(0x64)
  static let digestKind = Field<UInt32>(0x68)
  static let regionCount = Field<UInt32>(0x6c)
  /// Of all bytes before it.
  static let checksum = Field<UInt64>(0x1b0)
  static let returnAddress = Field<UInt64>(0x1b8)
  static let stackPointer = Field<UInt64>(0x1c0)
  static let enteredAt = Field<UInt64>(0x1c8)
  static let checkedAt = Field<UInt64>(0x1d0)

  /// Where the registers of 32 bits start.
  static let registers = 0x28
  /// Where the expected digest starts.
  static let digest = 0x70
  /// Where the table of regions starts.
  static let regions = 0xb0
  /// Bytes of a region.
  static let regionSize = 16

  /// In a region.
  static let regionStart = Field<UInt64>(0x00)
  /// In a region.
  static let regionByteCount = Field<UInt64>(0x08)
}
