import ByteCoding
import Testing

/// Functions for characters, digits and ordering that use neither Unicode's tables nor the standard
/// library's generic code.
@Suite struct TextTests {
  @Test(
    "Digits of any radix up to 36 are parsed to numbers of 64 bits",
    arguments: [
      ("0", 10, 0), ("17", 8, 15), ("fF", 16, 255), ("z", 36, 35), ("007", 10, 7),
      ("18446744073709551615", 10, UInt64.max), ("ffffffffffffffff", 16, .max),
    ] as [(String, Int, UInt64)])
  func parsesDigits(_ text: String, _ radix: Int, _ number: UInt64) {
    #expect(UInt64(digits: text, radix: radix) == number)
    #expect(UInt64(digits: Substring(text), radix: radix) == number)
  }

  @Test(
    "Text with a sign, a space, a wrong digit or too large a number is rejected",
    arguments: [
      ("", 10), ("8", 8), ("g", 16), ("+1", 10), ("-1", 10), (" 1", 10), ("1 ", 10), ("1_0", 10),
      ("１", 10),
      ("18446744073709551616", 10), ("10000000000000000", 16), ("184467440737095516150", 10),
      ("@", 36),
      ("`", 36), ("[", 36), ("{", 36), ("/", 10), (":", 16),
    ])
  func rejectsOtherThanDigits(_ text: String, _ radix: Int) {
    #expect(UInt64(digits: text, radix: radix) == nil)
  }

  @Test("Only ASCII characters count as whitespace, digits or letters and change their case")
  func classifiesASCIICharacters() {
    let all = (0...127).map { Character(Unicode.Scalar($0)) }
    #expect(String(all.filter(\.isASCIIWhitespace)) == "\t\n\u{0B}\u{0C}\r ")
    #expect(String(all.filter(\.isASCIIDigit)) == "0123456789")
    #expect(
      String(all.filter(\.isASCIILetter))
        == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    for other in ["\u{A0}", "é", "٣", "\u{2003}"] as [Character] {
      #expect(!other.isASCIIWhitespace && !other.isASCIIDigit && !other.isASCIILetter)
    }
    #expect(("\r\n" as Character).isASCIIWhitespace)
    #expect("AbZ[@É`{".asciiLowercased == "abz[@É`{")
    #expect("aBz[@é`{0".asciiUppercased == "ABZ[@é`{0")
  }

  @Test("Sorting by an integer key keeps the order of equal elements")
  func sortsStablyByInteger() {
    let words = ["c3", "a1", "b3", "d2", "e1"]
    #expect(
      words.sorted { UInt64(digits: $0.dropFirst(), radix: 10) ?? 0 } == [
        "a1", "e1", "d2", "c3", "b3",
      ])
    #expect([UInt64.max, 0, 1 << 63].sorted { $0 } == [0, 1 << 63, .max])
    #expect([String]().sorted { UInt64($0.utf8.count) } == [])
  }
}
