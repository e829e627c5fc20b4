internal import ByteCoding

/// An ELF executable, as far as a loader reads it. Documented in elf(5).
package struct ELFFile: Equatable, Sendable {
  /// The width of its addresses.
  package enum Width: Equatable, Sendable {
    /// ELFCLASS32.
    case bits32
    /// ELFCLASS64.
    case bits64
  }

  /// The width of its addresses.
  package let width: Width
  /// The processor: e_machine, 3 for i386 and 62 for x86_64.
  package let machine: UInt16
  /// Where it is entered: e_entry. Physical, in kernels.
  package let entry: UInt64
  /// The PT_LOAD parts that take memory, lowest physical address first; they do not overlap.
  package let parts: [LoadedPart]
  /// The largest p_align of the parts; at least 1, and not always a power of two.
  package let alignment: UInt64
  /// Where the PT_NOTE parts are in the file.
  let notes: [Range<Int>]
  /// Where the section headers are in the file, when they are there.
  let sectionHeaders: Range<Int>?
  /// Bytes of one section header.
  let sectionHeaderSize: Int

  /// Whether the file starts like an ELF file, whatever its machine.
  static func isRecognised(in file: RawSpan) -> Bool {
    (try? file.load(Layout.magic)) == Layout.magicValue
  }

  /// Reads the headers of the executable in `file`.
  package init(_ file: RawSpan) throws(ImageError) {
    let reader = Reader(file)
    let magic = try reader.load(Layout.magic)
    guard magic == Layout.magicValue else {
      throw .badField(
        name: "e_ident", offset: 0, found: UInt64(magic), wanted: .elfMagic)
    }
    switch try reader.load(Layout.classAndData) {
    case 0x0101: width = .bits32
    case 0x0102: width = .bits64
    case let found:
      throw .badField(
        name: "e_ident", offset: Layout.classAndData.offset, found: UInt64(found),
        wanted: .littleEndianClass)
    }
    let type = try reader.load(Layout.type)
    guard type == 2 || type == 3 else {
      throw .badField(
        name: "e_type", offset: Layout.type.offset, found: UInt64(type), wanted: .executable)
    }
    machine = try reader.load(Layout.machine)
    entry = try reader.load(Layout.entry, width)
    let headers = try reader.programHeaders(width)
    notes = headers.filter { $0.type == 4 }.compactMap(\.fileRange)
    alignment = headers.reduce(1) { $1.type == Layout.loadType ? max($0, $1.alignment) : $0 }
    parts = try reader.parts(headers)
    sectionHeaderSize = Int(try reader.load(Layout.sectionHeaderSize, width))
    let table = try reader.load(Layout.sectionHeaders, width)
    let count = Int(try reader.load(Layout.sectionHeaderCount, width))
    let room = UInt64(file.byteCount)
    let tableSize = sectionHeaderSize * count
    sectionHeaders =
      table > 0 && table <= room && UInt64(tableSize) <= room - table
      ? Int(table)..<(Int(table) + tableSize) : nil
  }
}

extension ELFFile {
  /// A field that both widths have, at another offset and of another size.
  struct Pair<
    Narrow: FixedWidthInteger & BitwiseCopyable, Wide: FixedWidthInteger & BitwiseCopyable
  >:
    Sendable
  {
    let narrow: Field<Narrow>
    let wide: Field<Wide>

    init(_ narrow: Int, _ wide: Int) {
      self.narrow = Field(narrow)
      self.wide = Field(wide)
    }
  }

  /// Offsets in the header, and in program and section headers.
  enum Layout {
    static let magic = Field<UInt32>(0)
    static let magicValue: UInt32 = 0x464C_457F
    static let classAndData = Field<UInt16>(4)
    static let type = Field<UInt16>(16)
    static let machine = Field<UInt16>(18)
    static let entry = Pair<UInt32, UInt64>(24, 24)
    static let programHeaders = Pair<UInt32, UInt64>(28, 32)
    static let sectionHeaders = Pair<UInt32, UInt64>(32, 40)
    static let programHeaderSize = Pair<UInt16, UInt16>(42, 54)
    static let programHeaderCount = Pair<UInt16, UInt16>(44, 56)
    static let sectionHeaderSize = Pair<UInt16, UInt16>(46, 58)
    static let sectionHeaderCount = Pair<UInt16, UInt16>(48, 60)
    static let sectionNames = Pair<UInt16, UInt16>(50, 62)

    static let partType = Field<UInt32>(0)
    static let partOffset = Pair<UInt32, UInt64>(4, 8)
    static let partPhysical = Pair<UInt32, UInt64>(12, 24)
    static let partFileSize = Pair<UInt32, UInt64>(16, 32)
    static let partMemorySize = Pair<UInt32, UInt64>(20, 40)
    static let partAlignment = Pair<UInt32, UInt64>(28, 48)
    static let loadType: UInt32 = 1

    static let sectionName = Field<UInt32>(0)
    static let sectionOffset = Pair<UInt32, UInt64>(16, 24)
    static let sectionSize = Pair<UInt32, UInt64>(20, 32)
  }

  /// One program header.
  struct ProgramHeader {
    let index: Int
    /// Where it is in the file.
    let position: Int
    let type: UInt32
    let offset: UInt64
    let physical: UInt64
    let fileSize: UInt64
    let memorySize: UInt64
    let alignment: UInt64

    /// Its bytes in the file; nil when no file is that long.
    var fileRange: Range<Int>? {
      let (end, overflow) = offset.addingReportingOverflow(fileSize)
      return overflow || end > UInt64(Int.max) ? nil : Int(offset)..<Int(end)
    }
  }
}
