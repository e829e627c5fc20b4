internal import ByteCoding
package import ELFFormat

/// An ELF executable, as far as a loader reads it. Documented in elf(5).
package struct ELFFile: Equatable, Sendable {
  /// The width of its addresses.
  package let width: ELFWidth
  /// The processor: e_machine, 3 for i386 and 62 for x86_64.
  package let machine: UInt16
  /// Whether its code may be anywhere: e_type is ET_DYN.
  package let isPositionIndependent: Bool
  /// Where it is entered: e_entry. Physical, in kernels.
  package let entry: UInt64
  /// The PT_LOAD parts that take memory, lowest physical address first; they do not overlap.
  package let parts: [LoadedPart]
  /// The largest p_align of the parts; at least 1, and not always a power of two.
  package let alignment: UInt64
  /// Where the name of what starts it is in the file: PT_INTERP.
  let interpreter: Range<Int>?
  /// Where PT_DYNAMIC is in the file.
  let dynamic: Range<Int>?
  /// Where the PT_NOTE parts are in the file.
  let notes: [Range<Int>]
  /// Where the section headers are in the file, when they are there.
  let sectionHeaders: Range<Int>?
  /// Bytes of one section header.
  let sectionHeaderSize: Int

  /// Whether the file starts like an ELF file, whatever its machine.
  static func isRecognised(in file: RawSpan) -> Bool {
    (try? file.load(ELFLayout.magic)) == ELFLayout.magicValue
  }

  /// Reads the headers of the executable in `file`.
  package init(_ file: RawSpan) throws(ImageError) {
    let reader = Reader(file)
    let magic = try reader.load(ELFLayout.magic)
    guard magic == ELFLayout.magicValue else {
      throw .badField(
        name: "e_ident", offset: 0, found: UInt64(magic), wanted: .elfMagic)
    }
    switch try reader.load(ELFLayout.classAndData) {
    case 0x0101: width = .bits32
    case 0x0102: width = .bits64
    case let found:
      throw .badField(
        name: "e_ident", offset: ELFLayout.classAndData.offset, found: UInt64(found),
        wanted: .littleEndianClass)
    }
    let type = try reader.load(ELFLayout.File.type)
    guard type == ELFLayout.FileType.executable || type == ELFLayout.FileType.shared else {
      throw .badField(
        name: "e_type", offset: ELFLayout.File.type.offset, found: UInt64(type), wanted: .executable
      )
    }
    isPositionIndependent = type == ELFLayout.FileType.shared
    machine = try reader.load(ELFLayout.File.machine)
    entry = try reader.load(ELFLayout.File.entry, width)
    let headers = try reader.programHeaders(width)
    interpreter = headers.first { $0.type == ELFLayout.Program.interpreter }?.fileRange
    dynamic = headers.first { $0.type == ELFLayout.Program.dynamic }?.fileRange
    notes = headers.filter { $0.type == ELFLayout.Program.note }.compactMap { $0.fileRange }
    alignment = headers.reduce(1) { $1.type == ELFLayout.Program.load ? max($0, $1.alignment) : $0 }
    parts = try reader.parts(headers)
    sectionHeaderSize = Int(try reader.load(ELFLayout.File.sectionHeaderSize, width))
    let table = try reader.load(ELFLayout.File.sectionHeaders, width)
    let count = Int(try reader.load(ELFLayout.File.sectionHeaderCount, width))
    let space = UInt64(file.byteCount)
    let tableSize = sectionHeaderSize * count
    sectionHeaders =
      table > 0 && table <= space && UInt64(tableSize) <= space - table
      ? Int(table)..<(Int(table) + tableSize) : nil
  }
}

extension ELFFile {
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
