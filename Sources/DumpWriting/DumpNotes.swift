internal import ByteCoding
internal import CrashDumps
internal import ELFFormat

/// The notes of a dump that is written: those of the source, and one with VMCOREINFO if it was found in memory.
struct DumpNotes {
  /// All notes.
  let bytes: [UInt8]
  /// Where the text of VMCOREINFO is in `bytes`.
  let information: Range<Int>?

  private static let informationName = "VMCOREINFO"

  init(_ image: CrashImage) {
    var bytes = image.noteBytes.array
    if case .memory = image.informationOrigin {
      // A note that does not end where the bytes do would hide what follows.
      let shared = SharedBytes(bytes)
      bytes.removeSubrange(Self.end(of: shared.span)...)
      Self.append(image.information.text, named: Self.informationName, to: &bytes)
    }
    self.bytes = bytes
    let shared = SharedBytes(bytes)
    information = shared.span.notes.first { $0.name == Array(Self.informationName.utf8) }
      .map { $0.description }
  }

  /// Where the last note ends.
  private static func end(of bytes: RawSpan) -> Int {
    let last = bytes.notes.last?.description.upperBound ?? 0
    return min(last.roundedUp(to: ELFLayout.Note.alignment), bytes.byteCount)
  }

  private static func append(_ text: [UInt8], named name: String, to bytes: inout [UInt8]) {
    bytes.append(littleEndian: UInt32(name.utf8.count + 1))
    bytes.append(littleEndian: UInt32(text.count))
    bytes.append(littleEndian: UInt32(0))
    for part in [Array(name.utf8) + [0], text] {
      bytes += part
      let rest = part.count.roundedUp(to: ELFLayout.Note.alignment) - part.count
      bytes += [UInt8](repeating: 0, count: rest)
    }
  }
}
