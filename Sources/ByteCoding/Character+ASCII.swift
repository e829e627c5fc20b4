// The same as isspace and similar functions of the C library in the C locale. The kernel's files are ASCII,
// and the functions for Unicode would add tables of 40 kB to the program (script/lint).

extension Character {
  /// Whether it is a space, a tab, a line end or a form feed. Corresponds to `isspace`.
  package var isASCIIWhitespace: Bool {
    asciiValue.map { $0 == 0x20 || (0x09...0x0D).contains($0) } ?? false
  }

  /// Whether it is one of 0 to 9. Corresponds to `isdigit`.
  package var isASCIIDigit: Bool {
    asciiValue.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }

  /// Whether it is one of a to z and A to Z. Corresponds to `isalpha`.
  package var isASCIILetter: Bool {
    asciiValue.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) } ?? false
  }
}

extension StringProtocol {
  /// The text with A to Z replaced by a to z.
  package var asciiLowercased: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// The text with a to z replaced by A to Z.
  package var asciiUppercased: String {
    String(decoding: utf8.map { (0x61...0x7A).contains($0) ? $0 & ~0x20 : $0 }, as: UTF8.self)
  }
}
