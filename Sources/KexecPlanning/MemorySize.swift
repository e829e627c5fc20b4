internal import ByteCoding

extension UInt64 {
  /// The number in `text` as in C, perhaps with one of the suffixes that the kernel takes: `64M`. Nil for all
  /// else, and for more than 64 bits.
  package init?(memorySize text: String) {
    guard let size = MemorySize(text[...]), size.rest.isEmpty, !size.isTooLarge else { return nil }
    self = size.bytes
  }
}

/// A number as in C (decimal, 0x for hexadecimal, 0 for octal) with the suffixes that the kernel
/// takes, and the text behind it.
struct MemorySize {
  /// The number; the largest that there is for more than 64 bits.
  let bytes: UInt64
  /// Whether that is in the place of more.
  let isTooLarge: Bool
  /// What stands behind it.
  let rest: Substring

  /// Reads the start of `text`; nil when it has no digits there.
  init?(_ text: Substring) {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let radix = isHexadecimal ? 16 : text.hasPrefix("0") ? 8 : 10
    let digits = text.dropFirst(isHexadecimal ? 2 : 0)
      .prefix { $0.isASCII && $0.hexDigitValue.map { $0 < radix } ?? false }
    guard !digits.isEmpty else { return nil }
    // Too large for 64 bits: beyond all memory.
    let number = UInt64(digits: digits, radix: radix)
    let tail = text[digits.endIndex...]
    let shifts: [Character: UInt64] = [
      "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60,
    ]
    let shift = tail.first.flatMap { shifts[Character(String($0).asciiLowercased)] }
    let scaled = (number ?? .max).multipliedReportingOverflow(by: 1 << (shift ?? 0))
    bytes = scaled.overflow ? .max : scaled.partialValue
    isTooLarge = number == nil || scaled.overflow
    rest = tail.dropFirst(shift == nil ? 0 : 1)
  }
}
