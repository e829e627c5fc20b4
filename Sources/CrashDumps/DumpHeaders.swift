internal import ByteCoding
internal import ELFFormat

/// What the headers of a dump say.
struct DumpHeaders {
  let format: DumpFormat
  let machine: UInt16
  /// The dump's file, without what it may be wrapped in.
  let file: RandomAccessFile
  let contents: DumpContents
  /// The bytes of all notes.
  let notes: SharedBytes

  /// The most bytes of notes that are read: thousands of processors, and VMCOREINFO.
  private static let largestNotes: Int = .mebibytes(64)

  init(_ outer: RandomAccessFile) throws(CrashImageError) {
    var file = outer
    var start = try Self.read(file, at: 0, count: 64)
    var magic = (try? start.span.load(UInt64.self, at: 0)) ?? 0
    var flattenedEnd: Bool?
    if magic == FlattenedLayout.magicValue {
      let inner = try FlattenedFile(outer)
      flattenedEnd = inner.isComplete
      file = inner.file
      start = try Self.read(file, at: 0, count: 64)
      magic = (try? start.span.load(UInt64.self, at: 0)) ?? 0
    }
    self.file = file
    if magic == CompressedLayout.magicValue {
      let header = try CompressedHeader(file)
      machine = Self.machine(header.machine)
      let dump = CompressedDump(header, file)
      contents = .compressed(dump)
      let end = max(dump.leastByteCount, header.notes.upperBound)
      format = DumpFormat(
        layout: .compressed(header.compression, level: header.level, isSplit: header.isSplit),
        isMarkedIncomplete: header.status & CompressedLayout.isIncomplete != 0,
        missingByteCount: end > file.byteCount ? end - file.byteCount : 0,
        flattenedEnd: flattenedEnd,
        unknownCompression: header.compression == nil
          ? header.status & CompressedLayout.compressionFlags : 0)
      let size = min(header.notes.upperBound - header.notes.lowerBound, UInt64(Self.largestNotes))
      notes = try Self.read(file, at: header.notes.lowerBound, count: Int(size))
      return
    }
    guard ELFHeaders.isRecognised(in: start.span) else { throw .otherFormat(magic) }
    let size = ELFHeaders.byteCount(ofFileStartingWith: start.span) ?? 64
    let table = try Self.read(file, at: 0, count: size)
    let headers: ELFHeaders
    do {
      headers = try ELFHeaders(table.span)
    } catch {
      throw .elf(error)
    }
    guard headers.type == ELFLayout.FileType.core else { throw .notCore(headers.type) }
    let dump = ELFDump(headers.programs, fileSize: file.byteCount)
    machine = headers.machine
    contents = .elf(dump)
    let flags = try? start.span.load(ELFLayout.File.flags, headers.width)
    format = DumpFormat(
      layout: .elf(headers.width, segmentCount: dump.segmentCount),
      isMarkedIncomplete: (flags ?? 0) & ELFLayout.File.isIncomplete != 0,
      missingByteCount: dump.missingByteCount, flattenedEnd: flattenedEnd)
    notes = try Self.notes(headers.programs, of: file)
  }

  /// The ELF machine with the name that `uname -m` prints; 0 for others.
  private static func machine(_ name: [UInt8]) -> UInt16 {
    switch String(lossless: name) {
    case "x86_64": ELFLayout.Machine.x86_64
    case "aarch64": ELFLayout.Machine.arm64
    case "riscv64": ELFLayout.Machine.riscv
    default: 0
    }
  }

  private static func notes(
    _ programs: [ELFProgramHeader], of file: RandomAccessFile
  ) throws(CrashImageError) -> SharedBytes {
    for program in programs where program.type == ELFLayout.Program.note {
      let size = min(program.fileSize, UInt64(largestNotes))
      return try read(file, at: program.offset, count: Int(size))
    }
    return SharedBytes([])
  }

  /// As many of the `count` bytes at `offset` as the file has.
  private static func read(
    _ file: RandomAccessFile, at offset: UInt64, count: Int
  ) throws(CrashImageError) -> SharedBytes {
    let available = offset < file.byteCount ? file.byteCount - offset : 0
    return try file.range(
      at: min(offset, file.byteCount), count: Int(min(UInt64(count), available)))
  }
}
