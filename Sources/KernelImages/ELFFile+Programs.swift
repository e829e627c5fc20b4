internal import ByteCoding
internal import ELFFormat

extension ELFFile {
  /// What the ELF file in `file` is by its type, when it can be started by nobody.
  static func unstartable(_ file: RawSpan) -> KnownImage? {
    switch try? file.load(ELFLayout.File.type) {
    case ELFLayout.FileType.relocatable: .objectFile
    case ELFLayout.FileType.core: .coreDump
    default: nil
    }
  }

  /// The program for users of an operating system that this is: it names what starts it, needs libraries,
  /// or has a mark of those who link such programs. Nil when nothing says so.
  func userProgram(in file: RawSpan) -> KnownImage? {
    if let interpreter {
      let path = text(in: file, interpreter)
      // FreeBSD's kernels name one that is not there.
      return path == "/red/herring" ? nil : .userProgram(interpreter: path)
    }
    let isMarked = notes.contains { hasUserNote(file, in: $0) }
    return isMarked || needsLibraries(file) ? .userProgram(interpreter: nil) : nil
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
    guard let dynamic else { return false }
    let size = width == .bits64 ? 16 : 8
    return stride(from: dynamic.lowerBound, to: dynamic.upperBound, by: size).prefix(1024).contains
    {
      let tag =
        width == .bits64
        ? try? file.load(UInt64.self, at: $0)
        : (try? file.load(UInt32.self, at: $0)).map(UInt64.init)
      return tag == 1
    }
  }

  /// Whether there is a note of GNU that names Linux as the system (NT_GNU_ABI_TAG), or one of Go.
  private func hasUserNote(_ file: RawSpan, in range: Range<Int>) -> Bool {
    var position = range.lowerBound
    while position < range.upperBound {
      guard let nameSize = try? file.load(UInt32.self, at: position),
        let size = try? file.load(UInt32.self, at: position + 4),
        let type = try? file.load(UInt32.self, at: position + 8)
      else { return false }
      if nameSize == 4, let name = try? file.load(UInt32.self, at: position + 12) {
        let isGNU = name == 0x0055_4E47 && type == 1
        if isGNU, (try? file.load(UInt32.self, at: position + 16)) == 0 { return true }
        if name == 0x0000_6F47, type == 4 { return true }
      }
      position += 12 + Int(nameSize).roundedUp(to: 4) + Int(size).roundedUp(to: 4)
    }
    return false
  }
}
