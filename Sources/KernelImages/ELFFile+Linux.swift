internal import ByteCoding
internal import ELFFormat

extension ELFFile {
  /// Whether this is a Linux kernel: it has a note of "Linux" or "Xen", or a table of the symbols
  /// that it exports to modules.
  func isLinux(in file: RawSpan) -> Bool {
    hasNote(in: file) { ["Linux", "Xen"].contains($0.name) } || hasSection("__ksymtab", in: file)
  }

  private func hasSection(_ name: String, in file: RawSpan) -> Bool {
    typealias Section = ELFLayout.Section
    guard let sections = headers.sections, headers.sectionSize >= Section.size(width) else {
      return false
    }
    let namesHeader = sections.lowerBound + headers.sectionNames * headers.sectionSize
    guard namesHeader < sections.upperBound,
      let names = try? file.load(Section.offset, width, base: namesHeader),
      names < UInt64(file.byteCount)
    else { return false }
    return stride(from: sections.lowerBound, to: sections.upperBound, by: headers.sectionSize)
      .contains { header in
        guard let offset = try? file.load(Section.name, base: header) else { return false }
        return file.text(at: Int(names) + Int(offset), limit: name.utf8.count) == name
      }
  }
}

/// One note of a PT_NOTE part: its owner, its type, and where its description is.
struct ELFNote {
  let name: String
  let type: UInt32
  let description: Int
}

extension ELFFile {
  /// Whether `isWanted` is true for one of the notes.
  func hasNote(in file: RawSpan, where isWanted: (ELFNote) -> Bool) -> Bool {
    typealias Note = ELFLayout.Note
    for header in headers.programs where header.type == ELFLayout.Program.note {
      guard let range = header.fileRange else { continue }
      var position = range.lowerBound
      while position < range.upperBound {
        guard let nameSize = try? file.load(Note.nameSize, base: position),
          let size = try? file.load(Note.descriptionSize, base: position),
          let type = try? file.load(Note.type, base: position)
        else { break }
        let start = position + Note.size
        position = start + Int(nameSize).roundedUp(to: Note.alignment)
        // The size counts the NUL, or the two that Go has.
        if let name = file.text(at: start, limit: 16), Int(nameSize) > name.utf8.count,
          isWanted(ELFNote(name: name, type: type, description: position))
        {
          return true
        }
        position += Int(size).roundedUp(to: Note.alignment)
      }
    }
    return false
  }
}

extension RawSpan {
  /// The text at `offset` that a NUL ends after at most `limit` bytes; nil when there is none.
  fileprivate func text(at offset: Int, limit: Int) -> String? {
    var bytes: [UInt8] = []
    while let byte = try? load(UInt8.self, at: offset + bytes.count) {
      if byte == 0 { return String(decoding: bytes, as: UTF8.self) }
      if bytes.count == limit { return nil }
      bytes.append(byte)
    }
    return nil
  }
}
