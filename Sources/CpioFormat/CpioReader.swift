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
      guard next <= aligned(bytes.byteCount), data <= bytes.byteCount else { return nil }
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

  /// Eight hexadecimal digits.
  private static func number(_ bytes: RawSpan, at offset: Int) -> Int? {
    let digits = (0..<8).map { byte(bytes, at: offset + $0) }
    return Int(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  private static func byte(_ bytes: RawSpan, at offset: Int) -> UInt8 {
    // SAFETY: every caller has compared the offset with the span's length.
    unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
