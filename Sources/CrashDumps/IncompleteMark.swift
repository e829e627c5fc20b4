package import ByteCoding
internal import ELFFormat

/// What makes a dump say that it is not complete: bytes at an offset of its file.
package struct IncompleteMark: Equatable, Sendable {
  /// Where.
  package let offset: UInt64
  /// The bytes.
  package let bytes: [UInt8]

  /// How many of a dump's first bytes are needed.
  package static let neededBytes = 512

  /// The mark for a dump with these first bytes; nil if it is none that has a mark.
  package init?(for start: SharedBytes) {
    let span = start.span
    guard let magic = try? span.load(UInt64.self, at: 0) else { return nil }
    if magic == CompressedLayout.magicValue {
      guard let status = try? span.load(CompressedLayout.status) else { return nil }
      self.init(CompressedLayout.status, status | CompressedLayout.isIncomplete)
      return
    }
    guard ELFHeaders.isRecognised(in: span) else { return nil }
    // e_flags: offset 48 with headers of 64 bits (EI_CLASS 2), 36 with those of 32.
    let field = Field<UInt32>((try? span.load(UInt8.self, at: 4)) == 2 ? 48 : 36)
    guard let flags = try? span.load(field) else { return nil }
    self.init(field, flags | UInt32(ELFLayout.File.isIncomplete))
  }

  private init(_ field: Field<UInt32>, _ value: UInt32) {
    offset = UInt64(field.offset)
    var bytes = [UInt8](repeating: 0, count: 4)
    bytes.store(value, as: Field<UInt32>(0))
    self.bytes = bytes
  }
}
