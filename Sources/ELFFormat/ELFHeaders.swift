internal import ByteCoding

/// Why the headers of an ELF file cannot be read.
package enum ELFError: Error, Equatable, Sendable {
  /// What is not all there.
  package enum Part: Equatable, Sendable {
    /// The file's own header.
    case fileHeader
    /// The table of program headers.
    case programHeaders
  }

  /// The file ends before a part does: the byte behind the part, and the file's length.
  case truncated(Part, needs: Int, has: Int)
  /// It does not start with 7F "ELF".
  case otherMagic(UInt32)
  /// EI_CLASS and EI_DATA are not those of a little-endian file of 32 or 64 bits.
  case otherClass(UInt16)
  /// e_phentsize, which is at `offset`, is less than a program header takes.
  case shortProgramHeader(UInt64, offset: Int)
}

/// The headers of a little-endian ELF file, an executable or a core file. Documented in elf(5).
///
/// All code that reads such headers uses this type.
package struct ELFHeaders: Equatable, Sendable {
  /// The width of the file's addresses.
  package let width: ELFWidth
  /// What kind of file it is: e_type, an `ELFLayout.FileType`.
  package let type: UInt16
  /// The processor that it is for: e_machine, an `ELFLayout.Machine`.
  package let machine: UInt16
  /// Where it is entered: e_entry.
  package let entry: UInt64
  /// The program headers, in the file's order.
  package let programs: [ELFProgramHeader]
  /// Where the section headers are in the file; nil when they are not there.
  package let sections: Range<Int>?
  /// Bytes of one section header: e_shentsize.
  package let sectionSize: Int
  /// The number of the section with the names of all: e_shstrndx.
  package let sectionNames: Int

  private typealias File = ELFLayout.File
  private typealias Program = ELFLayout.Program

  /// Whether `file` starts like an ELF file, whatever its machine.
  package static func isRecognised(in file: RawSpan) -> Bool {
    (try? file.load(ELFLayout.magic)) == ELFLayout.magicValue
  }

  /// Reads the headers at the start of `file`. Only these bytes of the file are needed.
  package init(_ file: RawSpan) throws(ELFError) {
    let width = try Self.width(of: file)
    self.width = width
    let end = File.size(width)
    do {
      type = try file.load(File.type)
      machine = try file.load(File.machine)
      entry = try file.load(File.entry, width)
      sectionSize = Int(try file.load(File.sectionHeaderSize, width))
      sectionNames = Int(try file.load(File.sectionNames, width))
      let start = try file.load(File.sectionHeaders, width)
      let byteCount = sectionSize * Int(try file.load(File.sectionHeaderCount, width))
      sections = start > 0 ? Self.range(from: start, byteCount: byteCount, in: file) : nil
    } catch {
      throw .truncated(.fileHeader, needs: end, has: file.byteCount)
    }
    programs = try Self.programs(in: file, width)
  }

  /// How many bytes from the start of a file its header and program headers take; nil when `start` does
  /// not have its header.
  package static func byteCount(ofFileStartingWith start: RawSpan) -> Int? {
    guard let width = try? width(of: start), let table = try? table(in: start, width) else {
      return nil
    }
    let (end, overflow) = table.start.addingReportingOverflow(table.size * table.count)
    return overflow ? nil : max(Int(clamping: end), File.size(width))
  }

  private static func width(of file: RawSpan) throws(ELFError) -> ELFWidth {
    let (magic, identity): (UInt32, UInt16)
    do {
      magic = try file.load(ELFLayout.magic)
    } catch {
      throw .truncated(.fileHeader, needs: ELFLayout.magic.end, has: file.byteCount)
    }
    guard magic == ELFLayout.magicValue else { throw .otherMagic(magic) }
    do {
      identity = try file.load(ELFLayout.classAndData)
    } catch {
      throw .truncated(.fileHeader, needs: ELFLayout.classAndData.end, has: file.byteCount)
    }
    guard identity >> 8 == UInt16(ELFLayout.littleEndian),
      let width = ELFWidth(rawValue: UInt8(truncatingIfNeeded: identity))
    else { throw .otherClass(identity) }
    return width
  }

  /// Where the program headers start, how many bytes each takes, and how many there are.
  private static func table(
    in file: RawSpan, _ width: ELFWidth
  ) throws(ELFError) -> (start: UInt64, size: UInt64, count: UInt64) {
    do {
      return (
        try file.load(File.programHeaders, width), try file.load(File.programHeaderSize, width),
        try file.load(File.programHeaderCount, width)
      )
    } catch {
      throw .truncated(.fileHeader, needs: File.size(width), has: file.byteCount)
    }
  }

  private static func programs(
    in file: RawSpan, _ width: ELFWidth
  ) throws(ELFError) -> [ELFProgramHeader] {
    let (start, size, count) = try table(in: file, width)
    guard count > 0 else { return [] }
    guard size >= Program.size(width) else {
      throw .shortProgramHeader(size, offset: File.programHeaderSize.offset(width))
    }
    guard let range = range(from: start, byteCount: Int(size * count), in: file) else {
      let (end, overflow) = start.addingReportingOverflow(size * count)
      throw .truncated(
        .programHeaders, needs: overflow ? .max : Int(clamping: end), has: file.byteCount)
    }
    var headers: [ELFProgramHeader] = []
    for position in stride(from: range.lowerBound, to: range.upperBound, by: Int(size)) {
      do {
        headers.append(
          ELFProgramHeader(
            index: headers.count, position: position,
            type: try file.load(Program.type, base: position),
            offset: try file.load(Program.offset, width, base: position),
            virtual: try file.load(Program.virtual, width, base: position),
            physical: try file.load(Program.physical, width, base: position),
            fileSize: try file.load(Program.fileSize, width, base: position),
            memorySize: try file.load(Program.memorySize, width, base: position),
            alignment: try file.load(Program.alignment, width, base: position)))
      } catch {
        throw .truncated(.programHeaders, needs: range.upperBound, has: file.byteCount)
      }
    }
    return headers
  }

  /// The `byteCount` bytes of `file` from `start` on; nil unless all are there.
  private static func range(from start: UInt64, byteCount: Int, in file: RawSpan) -> Range<Int>? {
    guard let start = Int(exactly: start), start <= file.byteCount,
      byteCount <= file.byteCount - start
    else { return nil }
    return start..<(start + byteCount)
  }
}

/// A program header of an ELF file.
package struct ELFProgramHeader: Equatable, Sendable {
  /// Its number, from 0.
  package let index: Int
  /// Where it is in the file.
  package let position: Int
  /// p_type, such as `ELFLayout.Program.load`.
  package let type: UInt32
  /// Where its bytes are in the file: p_offset.
  package let offset: UInt64
  /// p_vaddr.
  package let virtual: UInt64
  /// p_paddr.
  package let physical: UInt64
  /// Its bytes in the file: p_filesz.
  package let fileSize: UInt64
  /// Its bytes in memory: p_memsz.
  package let memorySize: UInt64
  /// p_align.
  package let alignment: UInt64

  /// Whether it is PT_LOAD: goes into memory.
  package var isLoaded: Bool { type == ELFLayout.Program.load }

  /// Its bytes in the file; nil when no file is that long.
  package var fileRange: Range<Int>? {
    let (end, overflow) = offset.addingReportingOverflow(fileSize)
    return overflow || end > UInt64(Int.max) ? nil : Int(offset)..<Int(end)
  }
}
