import CLzo
import TestSupport
import Testing

@testable import Compression

/// Our decoder compared with liblzo2: both must agree on whether a block is valid and on its
/// contents.
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

  /// Each kind of instruction at its limits: the bytes of the block, and the bytes that it decodes
  /// to.
  @Test(
    "The LZO decoder and liblzo2 handle each instruction at its limits as expected",
    arguments: [
      // Four literal bytes, then the end.
      ([0x15, 1, 2, 3, 4, 0x11, 0, 0], [1, 2, 3, 4]),
      // Three bytes, copied from one byte before.
      ([0x15, 1, 2, 3, 4, 0x40, 0, 0x11, 0, 0], [1, 2, 3, 4, 4, 4, 4]),
      // The same followed by one literal byte, then two bytes copied from two before.
      ([0x15, 1, 2, 3, 4, 0x41, 0, 9, 0x04, 0, 0x11, 0, 0], [1, 2, 3, 4, 4, 4, 4, 9, 4, 9]),
      // 33 + 1 bytes from one byte before: a count in a byte of its own.
      ([0x12, 7, 0x20, 1, 0, 0, 0x11, 0, 0], [UInt8](repeating: 7, count: 35)),
      // A copy from before the start.
      ([0x15, 1, 2, 3, 4, 0x40, 1, 0x11, 0, 0], nil),
      // No end marker.
      ([0x15, 1, 2, 3, 4], nil),
      // A byte after the end marker.
      ([0x15, 1, 2, 3, 4, 0x11, 0, 0, 0], nil),
      // A count without an end, and an empty block.
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
