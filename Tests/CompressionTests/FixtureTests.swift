import ByteCoding
import Testing

@testable import Compression

/// Files written by the command-line tools of Debian 12.
@Suite struct FixtureTests {
  @Test(
    "A file that a command-line tool compressed is recognised and decompressed",
    arguments: fixtures)
  func decompressesFilesOfTheTools(_ fixture: Fixture) throws {
    let text = (1...9).map { "line \($0) of a file that the command-line tool has compressed\n" }
    let compressed = SharedBytes(fixture.bytes)
    #expect(CompressionFormat.recognise(compressed.span) == fixture.format)
    let result = try decompress(compressed, as: fixture.format, limit: 1000)
    #expect(result.bytes.array == text.flatMap(\.utf8))
    #expect(result.consumed == compressed.count)
  }

  @Test(
    "Each compression format is recognised by its first bytes",
    arguments: [
      ("", nil), ("1F8B", nil), ("1F8B00", nil), ("425A6830", nil), ("425A6839", .bzip2),
      ("184C2102", nil), ("02214C18", .lz4), ("04224D18", .lz4), ("28B52FFD", .zstd),
      ("5D0000", .lzma), ("5D00008000FFFFFFFFFFFFFFFF", .lzma),
      ("5D00008000FFFFFFFFFFFFFF7F", nil), ("FD377A585A", nil), ("FD377A585A00", .xz),
      ("894C5A4F000D0A1A0A", .lzo), ("7F454C46", nil), ("303730373031", nil),
    ] as [(String, CompressionFormat?)])
  func formatsAreRecognised(_ hex: String, _ format: CompressionFormat?) {
    let digits = hex.compactMap(\.hexDigitValue)
    let bytes = stride(from: 0, to: digits.count, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
    #expect(CompressionFormat.recognise(SharedBytes(bytes).span) == format)
  }
}

/// One file in base64.
struct Fixture: CustomTestStringConvertible {
  let command: String
  let format: CompressionFormat
  let base64: String

  var testDescription: String { command }

  var bytes: [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for digit in base64.utf8 {
      guard let value = alphabet.firstIndex(of: digit) else { continue }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}

private let fixtures = [
  Fixture(
    command: "gzip", format: .gzip,
    base64: """
      H4sIAAAAAAAAA8vJzEtVMFTIT1NIVEjLzElVKMlILAESqQrJ+bm5iXkpujkgFSX5+TkKGYnFINGCotTi4tQULrCEEf
      lajcnXakK+VlPytZqRr9WcfK0W5Gu1JEsrAD1X/AUTAgAA
      """),
  Fixture(
    command: "xz", format: .xz,
    base64: """
      /Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AISAFBdADYaSh8IoCuxbQad7+2JIfzUvkgK2vZCKUB0VleVJp+hWv5Mna
      1GjerqWiq5H1sM1SF1qvAJlr9SIO5SEPgH9byfPcfAFar0bdO/9rojZL4AAKO8cxkMC1ozAAFskwQAAABr0aelscRn
      +wIAAAAABFla
      """),
  Fixture(
    command: "xz --format=lzma", format: .lzma,
    base64: """
      XQAAgAD//////////wA2GkofCKArsW0Gne/tiSH81L5ICtr2QilAdFZXlSafoVr+TJ2tRo3q6loquR9bDNUhdarwCZ
      a/UiDuUhD4B/W8nz3HwBWq9G3Tv/a6QlRCP//v4aAA
      """),
  Fixture(
    command: "zstd -19", format: .zstd,
    base64: """
      KLUv/QRopQIA4sMNEpDPAUALOHhR7D4HHigErv+oAyqhYwoZoLG1XKlsdrveY/cNbS4pm53f/V3vniN0X3d9cZ4wBg
      ogYGM9OuXO+8nulD/vJzun3O9cLGEqF3kCpneLRQ==
      """),
  Fixture(
    command: "zstd --ultra -22 from a pipe", format: .zstd,
    base64: """
      KLUv/QSIpQIA4sMNEpDPAUALOHhR7D4HHigErv+oAyqhYwoZoLG1XKlsdrveY/cNbS4pm53f/V3vniN0X3d9cZ4wBg
      ogYGM9OuXO+8nulD/vJzun3O9cLGEqF3kCpneLRQ==
      """),
  Fixture(
    command: "lz4", format: .lz4,
    base64: """
      BCJNGGRAp2oAAADxE2xpbmUgMSBvZiBhIGZpbGUgdGhhdCB0aGUgY29tbWFuZC0iAIB0b29sIGhhcxYAgXByZXNzZW
      QKGQAfMjsAJx8zOwAnHzQ7ACcfNTsAJx82OwAnHzc7ACcfODsAJx85OwAdUHNzZWQKAAAAABYipiM=
      """),
  Fixture(
    command: "lz4 -l", format: .lz4,
    base64: """
      AiFMGGoAAADxE2xpbmUgMSBvZiBhIGZpbGUgdGhhdCB0aGUgY29tbWFuZC0iAIB0b29sIGhhcxYAgXByZXNzZWQKGQ
      AfMjsAJx8zOwAnHzQ7ACcfNTsAJx82OwAnHzc7ACcfODsAJx85OwAdUHNzZWQK
      """),
  Fixture(
    command: "bzip2", format: .bzip2,
    base64: """
      QlpoOTFBWSZTWR7KA50AAKbZgAAQQAI/4C9n3AAwALgKaNAGgAApo0AaAAApVTTUeo9TaYoaZlO8axtHSOI2j9jfP6
      7ad9dt+0cx0jWN0f0eEYIxjyjrG0YR9xzHEZIzR4jJGMcR5j1GkYo9R7I+Y6xwjOPeOYyjSNowj4pf4u5IpwoSA9lA
      c6A=
      """),
  Fixture(
    command: "lzop", format: .lzo,
    base64: """
      iUxaTwANChoKEEAgoAlAAQUDAAANAAAAAGsBftMAAAAAACuLAy0AAAITAAAAeSIAu2MAEGxpbmUgMSBvZiBhIGZpbG
      UgdGhhdCB0aGUgY29tbWFuZC2EBAV0b29sIGhhc3QCBXByZXNzZWQKgQMyIBnpADMgGekANCAZ6QA1IBnpADYgGekA
      NyAZ6QA4IBnpADkgA+gADmwgaGFzIGNvbXByZXNzZWQKEQAAAAAAAA==
      """),
  Fixture(
    command: "lzop -9", format: .lzo,
    base64: """
      iUxaTwANChoKEEAgoAlAAwkDAAANAAAAAGsBftMAAAAAACv5AzMAAAITAAAAZiIAu2MmbGluZSAxIG9mIGEgZmlsZS
      B0aGF0UAAHZSBjb21tYW5kLYQEBXRvb2wgaGFzdAIFcHJlc3NlZAqBAzIgGekAMyAZ6QA0IBnpADUgGekANiAZ6QA3
      IBnpADggGekAOSAU6AARAAAAAAAA
      """),
  Fixture(
    command: "lzop --crc32", format: .lzo,
    base64: """
      iUxaTwANChoKEEAgoBABAQUDABEMAAAAAGsBftMAAAAAAPGfkMsAAAITAAAAeQX8Vz0AEGxpbmUgMSBvZiBhIGZpbG
      UgdGhhdCB0aGUgY29tbWFuZC2EBAV0b29sIGhhc3QCBXByZXNzZWQKgQMyIBnpADMgGekANCAZ6QA1IBnpADYgGekA
      NyAZ6QA4IBnpADkgA+gADmwgaGFzIGNvbXByZXNzZWQKEQAAAAAAAA==
      """),
]
