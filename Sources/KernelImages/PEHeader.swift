internal import ByteCoding

/// The needed offsets in the header of a PE/COFF file, an EFI program.
///
/// Documented in Microsoft's "PE Format".
struct PEHeader {
  /// The processor, such as `machineX86_64`.
  let machine: UInt16
  /// Where the optional header starts.
  let optionalHeader: Int
  /// How many sections there are.
  let sectionCount: Int
  /// Where the section headers start.
  let sectionTable: Int

  /// The first bytes of a DOS program: "MZ".
  private static let dosMagic = Field<UInt16>(0)
  private static let dosMagicValue: UInt16 = 0x5A4D
  /// Where the PE signature is: e_lfanew.
  private static let signatureOffset = Field<UInt32>(0x3C)
  /// "PE", and two zeros.
  private static let signature = Field<UInt32>(0)
  private static let signatureValue: UInt32 = 0x4550
  /// The processor, from the signature's start.
  private static let machine = Field<UInt16>(4)
  /// How many sections there are, from the signature's start.
  private static let numberOfSections = Field<UInt16>(6)
  /// Bytes of the optional header, from the signature's start.
  private static let sizeOfOptionalHeader = Field<UInt16>(20)
  /// From the signature's start to the optional header.
  private static let optionalHeaderOffset = 24

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

  /// The value of `machine` for i386: IMAGE_FILE_MACHINE_I386.
  static let machineI386: UInt16 = 0x14C
  /// The value of `machine` for x86_64: IMAGE_FILE_MACHINE_AMD64.
  static let machineX86_64: UInt16 = 0x8664

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
    guard try bytes.load(Self.dosMagic) == Self.dosMagicValue else { return nil }
    let start = Int(try bytes.load(Self.signatureOffset))
    guard try bytes.load(Self.signature, base: start) == Self.signatureValue else { return nil }
    machine = try bytes.load(Self.machine, base: start)
    sectionCount = Int(try bytes.load(Self.numberOfSections, base: start))
    optionalHeader = start + Self.optionalHeaderOffset
    sectionTable =
      optionalHeader + Int(try bytes.load(Self.sizeOfOptionalHeader, base: start))
  }

  /// Whether `bytes` start like a program for DOS, as all EFI programs do.
  static func isDOSProgram(_ bytes: RawSpan) -> Bool {
    (try? bytes.load(dosMagic)) == dosMagicValue
  }

  /// The byte behind the last section header.
  var end: Int { sectionTable + sectionCount * Self.sectionHeaderSize }

  /// Where address and size of the certificate table are in the file; nil when the optional header does not
  /// have them.
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

  /// Where the certificates are, which come last in the file; nil when it is not signed.
  func certificates(in bytes: RawSpan) -> Range<Int>? {
    guard let place = certificateEntry(in: bytes),
      let entry = try? bytes.load(UInt64.self, at: place.lowerBound)
    else { return nil }
    // The address, then the size.
    let start = Int(UInt32(truncatingIfNeeded: entry))
    let count = Int(entry >> 32)
    return start > 0 && count > 0 ? start..<(start + count) : nil
  }
}
