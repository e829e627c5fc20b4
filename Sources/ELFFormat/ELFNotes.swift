internal import ByteCoding

/// A note of an ELF file.
package struct ELFNote: Equatable, Sendable {
  /// Its name without the NUL.
  package let name: [UInt8]
  /// n_type.
  package let type: UInt32
  /// Where its description is in the bytes of all notes.
  package let description: Range<Int>
}

extension RawSpan {
  /// The notes that the bytes consist of, up to one with a name of 0 bytes or one that is not all there.
  package var notes: [ELFNote] {
    typealias Note = ELFLayout.Note
    var notes: [ELFNote] = []
    var position = 0
    while let nameSize = try? load(Note.nameSize, base: position), nameSize > 0,
      let size = try? load(Note.descriptionSize, base: position),
      let type = try? load(Note.type, base: position)
    {
      let nameStart = position + Note.size
      let start = nameStart + Int(nameSize).roundedUp(to: Note.alignment)
      guard start <= byteCount, Int(size) <= byteCount - start else { break }
      var name: [UInt8] = []
      for index in nameStart..<(nameStart + Int(nameSize)) {
        guard let byte = try? load(UInt8.self, at: index), byte != 0 else { break }
        name.append(byte)
      }
      notes.append(ELFNote(name: name, type: type, description: start..<(start + Int(size))))
      position = start + Int(size).roundedUp(to: Note.alignment)
    }
    return notes
  }
}
