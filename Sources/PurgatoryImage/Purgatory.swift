import ByteCoding

/// The code that runs between two kernels, as a blob that works at any page of memory.
package struct Purgatory: Sendable {
  /// The purgatory for x86_64 kernels.
  package static let x86_64 = Purgatory(base64: purgatoryText)

  /// The bytes to load, without parameters.
  package let bytes: [UInt8]
  /// Bytes of memory that it needs, in whole pages: `bytes`, then zeros for its variables and stack.
  package let memorySize: Int
  /// The offset of its entry.
  package let entryOffset = 0
  /// Where a C function starts that takes nothing and returns 0 if the digest is right, 1 if it is
  /// wrong, and 2 if the parameters make no sense: for tests.
  package let verifyOffset: Int

  /// The blob in `text`, filled up with zeros; the build has checked its header.
  init(base64 text: StaticString) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8CodeUnitCount / 4 * 3)
    // SAFETY: the text is a constant, and used before the closure ends.
    text.withUTF8Buffer { digits in
      var group: UInt32 = 0
      for index in digits.indices {
        group = unsafe (group << 6) | Self.value(ofDigit: digits[index])
        guard index % 4 == 3 else { continue }
        bytes += [UInt8(truncatingIfNeeded: group >> 16), UInt8(truncatingIfNeeded: group >> 8)]
        bytes.append(UInt8(truncatingIfNeeded: group))
      }
    }
    func header(_ field: Field<UInt64>) -> Int {
      let start = HeaderLayout.base + field.offset
      return bytes[start..<start + field.size].reversed().reduce(0) { ($0 << 8) | Int($1) }
    }
    self.memorySize = header(HeaderLayout.memorySize)
    self.verifyOffset = header(HeaderLayout.verifyOffset)
    bytes.removeSubrange(header(HeaderLayout.fileSize)...)
    self.bytes = bytes
  }

  private static func value(ofDigit digit: UInt8) -> UInt32 {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    default: 63
    }
  }
}
