import CLzo
import TestSupport
import Testing

@testable import Compression

/// Our decoder against liblzo2, which must agree on what a block holds and whether it is one.
@Suite struct LZO1XTests {
  @Test(
    "The LZO decoder gives the same result as liblzo2 for damaged blocks",
    arguments: [false, true])
  func agreesWithTheLibraryOnDamagedBlocks(isBest: Bool) {
    let data = mixedData(60_000)
    let block = isBest ? withLZO1X999(data) : withLZO1X(data)
    #expect(ours(block, data.count) == data)

    var generator = SplitMix(seed: 3)
    for _ in 0..<300 {
      var damaged = block
      let index = Int.random(in: damaged.indices, using: &generator)
      damaged[index] ^= UInt8.random(in: 1...255, using: &generator)
      if Bool.random(using: &generator) {
        damaged.removeLast(Int.random(in: 1..<damaged.count, using: &generator))
      }
      for size in [data.count, data.count - 1] {
        #expect(ours(damaged, size) == theirs(damaged, size))
      }
    }
  }

  /// What each kind of instruction does at its limits: instruction bytes, then what they make.
  @Test(
    "The LZO decoder and liblzo2 handle each instruction at its limits as expected",
    arguments: [
      // A run of four, then the end.
      ([0x15, 1, 2, 3, 4, 0x11, 0, 0], [1, 2, 3, 4]),
      // Three from one byte back.
      ([0x15, 1, 2, 3, 4, 0x40, 0, 0x11, 0, 0], [1, 2, 3, 4, 4, 4, 4]),
      // The same with one new byte after it, and two from two back.
      ([0x15, 1, 2, 3, 4, 0x41, 0, 9, 0x04, 0, 0x11, 0, 0], [1, 2, 3, 4, 4, 4, 4, 9, 4, 9]),
      // 33 + 1 from one byte back: a count in its own byte.
      ([0x12, 7, 0x20, 1, 0, 0, 0x11, 0, 0], [UInt8](repeating: 7, count: 35)),
      // Further back than there is anything.
      ([0x15, 1, 2, 3, 4, 0x40, 1, 0x11, 0, 0], nil),
      // No end.
      ([0x15, 1, 2, 3, 4], nil),
      // A byte after the end.
      ([0x15, 1, 2, 3, 4, 0x11, 0, 0, 0], nil),
      // A count that never ends, and nothing at all.
      ([0, 0, 0, 0], nil), ([], nil),
    ] as [([UInt8], [UInt8]?)])
  func decodesInstructionsAtTheirLimits(_ block: [UInt8], _ expected: [UInt8]?) {
    let size = expected?.count ?? 7
    #expect(ours(block, size) == expected)
    #expect(theirs(block, size) == expected)
  }

  private func ours(_ block: [UInt8], _ size: Int) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: size)
    let isWhole = unsafe block.withUnsafeBytes { block in
      unsafe output.withUnsafeMutableBytes { unsafe LZO1X.decode(block, into: $0) }
    }
    return isWhole ? output : nil
  }

  private func theirs(_ block: [UInt8], _ size: Int) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: size)
    var produced = UInt(size)
    let result = unsafe lzo1x_decompress_safe(block, UInt(block.count), &output, &produced, nil)
    return result == LZO_E_OK && produced == UInt(size) ? output : nil
  }

  /// The compressor of `lzop -9`, which uses every kind of instruction.
  private func withLZO1X999(_ data: [UInt8]) -> [UInt8] {
    // LZO1X_999_MEM_COMPRESS: 14 * 16384 shorts.
    let work = UnsafeMutableRawPointer.allocate(byteCount: 14 * 16384 * 2, alignment: 16)
    defer { unsafe work.deallocate() }
    var output = [UInt8](repeating: 0, count: data.count + data.count / 16 + 67)
    var size = UInt(output.count)
    let result = unsafe lzo1x_999_compress(data, UInt(data.count), &output, &size, work)
    precondition(result == LZO_E_OK)
    return Array(output[..<Int(size)])
  }
}
