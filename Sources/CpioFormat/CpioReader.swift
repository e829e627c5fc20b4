/// Finds where a cpio archive in the "newc" format ends, without unpacking it.
package enum CpioReader {
  private static let headerSize = 110
  private static let fileSizeOffset = 54
  private static let nameSizeOffset = 94
  private static let trailer = Array("TRAILER!!!".utf8) + [0]

  /// The offset behind the archive that starts `bytes`, its last member's padding included; nil
  /// when there is no archive, or when it does not end.
  package static func end(of bytes: RawSpan) -> Int? {
    var offset = 0
    while hasMagic(bytes, at: offset) {
      guard let fileSize = number(bytes, at: offset + fileSizeOffset),
        let nameSize = number(bytes, at: offset + nameSizeOffset)
      else { return nil }
      let name = offset + headerSize
      let data = aligned(name + nameSize)
      let next = aligned(data + fileSize)
      guard next <= aligned(bytes.byteCount), name + nameSize <= bytes.byteCount else { return nil }
      if isTrailer(bytes, at: name, size: nameSize) { return min(next, bytes.byteCount) }
      offset = next
    }
    return nil
  }

  private static func aligned(_ offset: Int) -> Int { (offset + 3) & ~3 }

  /// "070701", or "070702" for an archive with checksums.
  private static func hasMagic(_ bytes: RawSpan, at offset: Int) -> Bool {
    guard offset <= bytes.byteCount - headerSize else { return false }
    let magic = (0..<6).map { byte(bytes, at: offset + $0) }
    return magic == Array("070701".utf8) || magic == Array("070702".utf8)
  }

  private static func isTrailer(_ bytes: RawSpan, at offset: Int, size: Int) -> Bool {
    guard size == trailer.count, offset <= bytes.byteCount - size else { return false }
    return trailer.indices.allSatisfy { byte(bytes, at: offset + $0) == trailer[$0] }
  }

  /// Eight hexadecimal digits. A sign is none of them: a size below zero would lead backwards.
  private static func number(_ bytes: RawSpan, at offset: Int) -> Int? {
    var number = 0
    for place in offset..<(offset + 8) {
      let digit = byte(bytes, at: place)
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | Int(digit & 0xF)
      case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"):
        number = number << 4 | Int(digit & 0xF) + 9
      default: return nil
      }
    }
    return number
  }

  private static func byte(_ bytes: RawSpan, at offset: Int) -> UInt8 {
    // SAFETY: every caller has compared the offset with the span's length.
    unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
