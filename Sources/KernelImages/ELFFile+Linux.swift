internal import ByteCoding
internal import ELFFormat

extension ELFFile {
  /// Whether this is a Linux kernel: it has a note of "Linux" or "Xen", or a table of the symbols
  /// that it exports to modules.
  func isLinux(in file: RawSpan) -> Bool {
    notes.contains { hasKernelNote(file, in: $0) } || hasSection("__ksymtab", in: file)
  }

  /// Notes are u32 namesz, descsz, type, then name and description, each padded to four bytes.
  private func hasKernelNote(_ file: RawSpan, in range: Range<Int>) -> Bool {
    var position = range.lowerBound
    while position < range.upperBound {
      guard let nameSize = try? file.load(UInt32.self, at: position),
        let size = try? file.load(UInt32.self, at: position + 4)
      else { return false }
      for name in ["Linux", "Xen"]
      where Int(nameSize) == name.utf8.count + 1 && has(name, at: position + 12, in: file) {
        return true
      }
      position += 12 + Int(nameSize).roundedUp(to: 4) + Int(size).roundedUp(to: 4)
    }
    return false
  }

  private func hasSection(_ name: String, in file: RawSpan) -> Bool {
    guard let sectionHeaders, sectionHeaderSize >= ELFLayout.Section.size(width) else {
      return false
    }
    let reader = Reader(file)
    guard let namesIndex = try? reader.load(ELFLayout.File.sectionNames, width) else {
      return false
    }
    let namesHeader = sectionHeaders.lowerBound + Int(namesIndex) * sectionHeaderSize
    guard namesHeader < sectionHeaders.upperBound,
      let names = try? reader.load(ELFLayout.Section.offset, width, base: namesHeader),
      names < UInt64(file.byteCount)
    else { return false }
    return stride(
      from: sectionHeaders.lowerBound, to: sectionHeaders.upperBound, by: sectionHeaderSize
    ).contains { header in
      guard let offset = try? file.load(ELFLayout.Section.name, base: header) else { return false }
      return has(name, at: Int(names) + Int(offset), in: file)
    }
  }

  /// Whether `name` with its NUL is at `offset`.
  private func has(_ name: String, at offset: Int, in file: RawSpan) -> Bool {
    var position = offset
    for byte in name.utf8 {
      guard (try? file.load(UInt8.self, at: position)) == byte else { return false }
      position += 1
    }
    return (try? file.load(UInt8.self, at: position)) == 0
  }
}
