import TestSupport
import Testing

@testable import ByteCoding

@Suite struct StringBytesTests {
  @Test(
    "A lossless string gives back the bytes that it was made from, valid UTF-8 or not",
    arguments: [
      [], Array("plain".utf8), Array("é 🎉 e\u{301}".utf8), [0xE9], [0x61, 0xFF, 0x62],
      // Truncated, overlong, a surrogate, beyond Unicode.
      [0xE2, 0x82], [0xF0, 0x9F, 0x8E], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0x80, 0x81, 0xFE], [0xE9, 0x22, 0x20, 0xE9],
      // The characters that represent bytes, and a neighbour of them.
      Array("\u{10FF80}\u{10FFE9}\u{10FFFF}".utf8), Array("\u{10FF7F}".utf8),
      [0xF4, 0x8F, 0xBE], Array(0...255),
    ] as [[UInt8]])
  func stringKeepsAllBytes(bytes: [UInt8]) {
    let text = String(lossless: bytes)
    #expect(text.losslessBytes == bytes)
    #expect(text.losslessByteCount == bytes.count)
    // Joined texts give the joined bytes.
    #expect((text + " " + text).losslessBytes == bytes + [0x20] + bytes)
  }

  @Test("A lossless string keeps valid UTF-8 as text and replaces other bytes by characters")
  func textStaysText() {
    #expect(String(lossless: Array("a=\u{E9}".utf8)) == "a=\u{E9}")
    #expect(String(lossless: [0x61, 0xE9, 0x62]) == "a\u{10FFE9}b")
    #expect(String(lossless: [0x61, 0x20, 0xE9]).split(separator: " ").count == 2)
  }

  @Test("A lossless string gives back random bytes")
  func stringKeepsRandomBytes() {
    var generator = SplitMix(seed: SplitMix.seed(of: "StringBytesTests"))
    for count in 0..<200 {
      let bytes = generator.bytes(count)
      #expect(String(lossless: bytes).losslessBytes == bytes)
    }
  }
}
