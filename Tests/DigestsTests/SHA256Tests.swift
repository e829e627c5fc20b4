import Digests
import Glibc
import Testing

@Suite struct SHA256Tests {
  /// The examples that NIST publishes for FIPS 180-4, and the empty message.
  @Test(
    "SHA-256 gives the digests of the FIPS 180-4 examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
          + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func matchesStandardExamples(message: String, expected: String) {
    #expect(hexadecimal(digest(of: Array(message.utf8))) == expected)
  }

  @Test("SHA-256 gives the published digest of a million letters")
  func hashesAMillionLetters() {
    let message = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      hexadecimal(digest(of: message))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("SHA-256 agrees with sha256sum for messages of many lengths")
  func agreesWithSHA256SumTool() throws {
    var generator = SplitMix(state: 256)
    for length in [1, 55, 56, 63, 64, 65, 119, 120, 128, 4096]
      + (0..<20).map({ _ in Int.random(in: 0..<300_000, using: &generator) })
    {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let expected = try #require(systemDigest(of: bytes))
      #expect(hexadecimal(digest(of: bytes)) == expected, "of \(length) bytes")
    }
  }

  @Test("SHA-256 of a message in parts is the digest of the whole message")
  func partsMakeTheSameDigestAsTheWhole() {
    var generator = SplitMix(state: 1)
    let bytes = (0..<1000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let whole = hexadecimal(digest(of: bytes))
    for _ in 0..<200 {
      var parts = SHA256()
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = rest.prefix(Int.random(in: 0...200, using: &generator))
        unsafe part.withUnsafeBytes { unsafe parts.update($0) }
        rest = rest.dropFirst(part.count)
      }
      #expect(hexadecimal(parts.finish()) == whole)
    }
  }

  /// The digest, computed with the processor's SHA instructions if there are any. Checks that it is
  /// the same without them.
  private func digest(of bytes: [UInt8]) -> SHA256.Digest {
    var digest = SHA256()
    unsafe digest.update(bytes.span.bytes)
    let found = digest.finish()
    var plain = SHA256(usingInstructions: false)
    unsafe plain.update(bytes.span.bytes)
    #expect(hexadecimal(plain.finish()) == hexadecimal(found), "with and without instructions")
    return found
  }

  private func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.indices.map { index in
      let digits = String(digest[index], radix: 16)
      return digits.count == 2 ? digits : "0" + digits
    }.joined()
  }

  /// The digest of `bytes` by sha256sum; nil if that is not installed.
  private func systemDigest(of bytes: [UInt8]) -> String? {
    var name = Array("/tmp/kexec-digest-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&name)
    guard descriptor >= 0 else { return nil }
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
      close(descriptor)
      _ = unsafe unlink(path)
    }
    guard unsafe write(descriptor, bytes, bytes.count) == bytes.count,
      let pipe = unsafe popen("sha256sum < \(path)", "r")
    else { return nil }
    defer { unsafe pclose(pipe) }
    var line = [UInt8](repeating: 0, count: 64)
    guard unsafe fread(&line, 1, line.count, pipe) == line.count else { return nil }
    return String(decoding: line, as: UTF8.self)
  }
}

/// Pseudo-random numbers, determined by the seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
