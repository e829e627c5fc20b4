internal import ByteCoding

extension UInt64 {
  /// The number in `text`, written as in C, perhaps with one of the suffixes that the kernel takes, such as
  /// `64M`; nil for anything else, and for more than 64 bits.
  package init?(memorySize text: String) {
    guard let size = MemorySize(text[...]), size.rest.isEmpty, !size.isTooLarge else { return nil }
    self = size.bytes
  }
}

/// A number written as in C (decimal, 0x for hexadecimal, 0 for octal) with the suffixes that the kernel
/// takes, and the text after it.
struct MemorySize {
  /// The number; the largest one of 64 bits if it does not fit.
  let bytes: UInt64
  /// Whether the number does not fit into 64 bits.
  let isTooLarge: Bool
  /// The text after the number.
  let rest: Substring

  /// Reads the start of `text`; nil when there are no digits.
  init?(_ text: Substring) {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let radix = isHexadecimal ? 16 : text.hasPrefix("0") ? 8 : 10
    let digits = text.dropFirst(isHexadecimal ? 2 : 0)
      .prefix { $0.isASCII && $0.hexDigitValue.map { $0 < radix } ?? false }
    guard !digits.isEmpty else { return nil }
    // Digits that do not fit into 64 bits.
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
