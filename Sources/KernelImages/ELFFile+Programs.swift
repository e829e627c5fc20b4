internal import ByteCoding
internal import ELFFormat

extension ELFFile {
  /// The kind of the ELF file in `file` if its type cannot be started at all.
  static func unstartable(_ file: RawSpan) -> KnownImage? {
    switch try? file.load(ELFLayout.File.type) {
    case ELFLayout.FileType.relocatable: .objectFile
    case ELFLayout.FileType.core: .coreDump
    default: nil
    }
  }

  /// The user program that this is, if it names an interpreter, needs libraries, or has a note of those who
  /// link such programs; nil otherwise.
  func userProgram(in file: RawSpan) -> KnownImage? {
    if let interpreter = part(ELFLayout.Program.interpreter) {
      let path = text(in: file, interpreter)
      // FreeBSD's kernels name an interpreter that does not exist.
      return path == "/red/herring" ? nil : .userProgram(interpreter: path)
    }
    let isMarked = hasNote(in: file) { isOfUserProgram($0, in: file) }
    return isMarked || needsLibraries(file) ? .userProgram(interpreter: nil) : nil
  }

  /// The bytes of the first program header of that type.
  private func part(_ type: UInt32) -> Range<Int>? {
    headers.programs.first { $0.type == type }?.fileRange
  }

  private func text(in file: RawSpan, _ range: Range<Int>) -> String {
    var bytes: [UInt8] = []
    for offset in range.prefix(256) {
      guard let byte = try? file.load(UInt8.self, at: offset), byte >= 0x20, byte < 0x7F else {
        break
      }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether PT_DYNAMIC has an entry DT_NEEDED.
  private func needsLibraries(_ file: RawSpan) -> Bool {
    typealias Dynamic = ELFLayout.Dynamic
    guard let entries = part(ELFLayout.Program.dynamic) else { return false }
    return stride(from: entries.lowerBound, to: entries.upperBound, by: Dynamic.size(width))
      .prefix(1024)
      .contains { (try? file.load(Dynamic.tag, width, base: $0)) == Dynamic.needed }
  }

  /// Whether a note is the one of GNU that names Linux as the system, or the build ID of Go.
  private func isOfUserProgram(_ note: ELFNote, in file: RawSpan) -> Bool {
    typealias Note = ELFLayout.Note
    return switch (note.name, note.type) {
    case ("GNU", Note.gnuABI):
      (try? file.load(Note.gnuSystem, base: note.description)) == Note.gnuLinux
    case ("Go", Note.goBuildID): true
    default: false
    }
  }
}
