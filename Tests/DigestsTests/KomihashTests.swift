import Digests
import Testing

@Suite struct KomihashTests {
  /// Test vectors with seed 0 from the algorithm's description.
  @Test(
    "Komihash gives the published digests of the sample strings",
    arguments: [
      ("This is a 32-byte testing string", 0x05ad_9608_0290_3a9d),
      ("The cat is out of the bag", 0xd157_2352_1d3c_37b1),
      ("A 16-byte string", 0x467c_aa28_ea3d_a7a6),
      ("The new string", 0xf18e_67bc_90c4_3233),
      ("7 chars", 0x2c51_4f6e_5dcb_11cb),
      ("This is a test of komihash.", 0x5b13_177f_c68b_4f96),
    ] as [(String, UInt64)])
  func matchesPublishedStrings(message: String, expected: UInt64) {
    #expect(digest(of: Array(message.utf8)) == expected)
  }

  /// The same for messages of the bytes 0, 1, 2 and so on.
  @Test(
    "Komihash gives the published digests of counted bytes for many lengths",
    arguments: [
      (3, 0x7a97_17e9_eea4_be8b), (6, 0xa564_6956_4c2e_a0ff), (8, 0x00b4_313a_2443_1306),
      (12, 0x64c2_ad96_013f_70fe), (20, 0x7a38_88bc_9554_5364), (31, 0xc77e_02ed_4b20_1b9a),
      (32, 0x256d_7435_0303_a1ba), (40, 0x5960_9c71_697b_b9df), (47, 0x36eb_9e6a_4c2c_5e4b),
      (48, 0x8dd5_6c33_2850_baa6), (56, 0xcbb7_2219_2b35_3999), (64, 0x90b0_7e21_58f8_8cc0),
      (72, 0x24c9_6217_0160_3741), (80, 0x1d4c_1d97_ca68_4334), (112, 0xd1a4_25d5_3065_2287),
      (132, 0x7262_3be3_42c2_0ab5), (256, 0x94c3_dbdc_a59d_df57),
    ] as [(Int, UInt64)])
  func matchesPublishedLengths(length: Int, expected: UInt64) {
    #expect(digest(of: (0..<length).map { UInt8($0) }) == expected)
  }

  @Test("Komihash of a message in parts is the digest of the whole message")
  func partsMakeTheSameDigestAsTheWhole() {
    var generator = SplitMix(state: 2)
    for length in Array(0...200) + [1000, 5000] {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let whole = digest(of: bytes)
      for longest in [1, 20, 63, 64, 65, 200] {
        var parts = Komihash()
        var rest = bytes[...]
        while !rest.isEmpty {
          let part = rest.prefix(Int.random(in: 0...longest, using: &generator))
          unsafe part.withUnsafeBytes { unsafe parts.update($0) }
          rest = rest.dropFirst(part.count)
        }
        #expect(parts.finish() == whole, "\(length) bytes in parts of up to \(longest)")
      }
    }
  }

  /// Flips every bit of messages with sizes around those where the algorithm changes, and appends
  /// zeros.
  @Test(
    "Every flipped bit and every change of length gives another komihash",
    arguments: [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 79, 127, 128, 129, 200])
  func everyBitChangesTheDigest(length: Int) {
    var bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    var seen: Set = [digest(of: bytes), digest(of: bytes + [0]), digest(of: bytes.dropLast() + [])]
    for bit in 0..<8 * length {
      bytes[bit / 8] ^= 1 << (bit % 8)
      seen.insert(digest(of: bytes))
      bytes[bit / 8] ^= 1 << (bit % 8)
    }
    #expect(seen.count == 8 * length + 3)
  }

  private func digest(of bytes: [UInt8]) -> UInt64 {
    var digest = Komihash()
    unsafe digest.update(bytes.span.bytes)
    return digest.finish()
  }
}
