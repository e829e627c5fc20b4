internal import ByteCoding

/// The offsets that we need of the PE/COFF header of an EFI program.
struct PEHeader {
  /// Where the optional header starts.
  let optionalHeader: Int
  /// How many sections there are.
  let sectionCount: Int
  /// Where the section headers start, 40 bytes each.
  let sectionTable: Int

  /// The PE checksum, from the optional header's start.
  static let checksum = Field<UInt32>(64)
  /// Address and size of the certificate table, from the start of a PE32+ optional header.
  static let certificateTable = Field<UInt64>(144)

  /// Finds the header of the PE file in `bytes`.
  init?(_ bytes: RawSpan) throws(OutOfBounds) {
    guard try bytes.load(UInt16.self, at: 0) == 0x5A4D else { return nil }  // "MZ"
    let signature = Int(try bytes.load(UInt32.self, at: 0x3C))
    guard try bytes.load(UInt32.self, at: signature) == 0x4550 else { return nil }  // "PE"
    sectionCount = Int(try bytes.load(UInt16.self, at: signature + 6))
    optionalHeader = signature + 24
    sectionTable = optionalHeader + Int(try bytes.load(UInt16.self, at: signature + 20))
  }
}
