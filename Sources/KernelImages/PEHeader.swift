internal import ByteCoding

/// The offsets that we need of the header of a PE/COFF file, an EFI program.
///
/// Documented in Microsoft's "PE Format".
struct PEHeader {
  /// The processor: 0x14C for i386, 0x8664 for x86_64.
  let machine: UInt16
  /// Where the optional header starts.
  let optionalHeader: Int
  /// How many sections there are.
  let sectionCount: Int
  /// Where the section headers start.
  let sectionTable: Int

  /// Bytes of one section header.
  static let sectionHeaderSize = 40
  /// Bytes of a section's name, which ends earlier at a NUL.
  static let sectionNameSize = 8
  /// Bytes that the section has in memory, from the section header's start.
  static let virtualSize = Field<UInt32>(8)
  /// Bytes that the section has in the file, from the section header's start.
  static let sizeOfRawData = Field<UInt32>(16)
  /// Where the section is in the file, from the section header's start.
  static let pointerToRawData = Field<UInt32>(20)

  /// The value of `machine` for i386.
  static let machineI386: UInt16 = 0x14C

  /// The kind of optional header, from its start.
  static let magic = Field<UInt16>(0)
  /// The value of `magic` for a PE32+ file.
  static let magicPE32Plus: UInt16 = 0x20B
  /// The PE checksum, from the optional header's start.
  static let checksum = Field<UInt32>(64)
  /// The value of `magic` for a PE32 file.
  static let magicPE32: UInt16 = 0x10B
  /// Address and size of the certificate table, from the start of a PE32+ optional header.
  private static let certificateTable = Field<UInt64>(144)
  /// The same in a PE32 file, where four fields before it are narrower and one more is there.
  private static let certificateTable32 = Field<UInt64>(128)

  /// Finds the header of the PE file in `bytes`; nil when it is none.
  init?(_ bytes: RawSpan) throws(OutOfBounds) {
    guard try bytes.load(UInt16.self, at: 0) == 0x5A4D else { return nil }  // "MZ"
    let signature = Int(try bytes.load(UInt32.self, at: 0x3C))
    guard try bytes.load(UInt32.self, at: signature) == 0x4550 else { return nil }  // "PE"
    machine = try bytes.load(UInt16.self, at: signature + 4)
    sectionCount = Int(try bytes.load(UInt16.self, at: signature + 6))
    optionalHeader = signature + 24
    sectionTable = optionalHeader + Int(try bytes.load(UInt16.self, at: signature + 20))
  }

  /// The byte behind the last section header.
  var end: Int { sectionTable + sectionCount * Self.sectionHeaderSize }

  /// Where address and size of the certificate table are in the file; nil when the optional header has no
  /// space for them.
  func certificateEntry(in bytes: RawSpan) -> Range<Int>? {
    let field: Field<UInt64>
    switch try? bytes.load(Self.magic, base: optionalHeader) {
    case Self.magicPE32Plus: field = Self.certificateTable
    case Self.magicPE32: field = Self.certificateTable32
    default: return nil
    }
    let entry = (optionalHeader + field.offset)..<(optionalHeader + field.end)
    return entry.upperBound <= sectionTable ? entry : nil
  }

  /// Where the certificates are in the file, which come last in it; nil when it is not signed.
  func certificates(in bytes: RawSpan) -> Range<Int>? {
    guard let place = certificateEntry(in: bytes),
      let entry = try? bytes.load(UInt64.self, at: place.lowerBound)
    else { return nil }
    let start = Int(entry & 0xFFFF_FFFF)
    let count = Int(entry >> 32)
    return start > 0 && count > 0 ? start..<(start + count) : nil
  }
}
