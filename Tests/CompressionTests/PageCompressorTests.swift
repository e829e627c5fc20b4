import ByteCoding
import TestSupport
import Testing

@testable import Compression

@Suite struct PageCompressorTests {
  /// Pages of all kinds: how much of them is random, from where on they repeat.
  private static func page(_ random: inout SplitMix) -> [UInt8] {
    let kind = random.next() % 6
    var page = random.bytes(4096)
    let period = Int(random.next() % 300) + 1
    let symbols = UInt8(truncatingIfNeeded: random.next() % 64 + 1)
    switch kind {
    case 0: break
    case 1: for index in period..<4096 { page[index] = page[index - period] }
    case 2: for index in 0..<4096 { page[index] %= symbols }
    case 3: for index in 0..<4096 where index % 8 >= 3 { page[index] = 0xFF }
    case 4: for index in Int(random.next() % 4096)..<4096 { page[index] = 0 }
    default:
      for index in stride(from: 0, to: 4088, by: 8) where random.next() % 4 != 0 {
        let from = Int(random.next() % UInt64(index / 8 + 1)) * 8
        for byte in 0..<8 { page[index + byte] = page[from + byte] }
      }
    }
    return page
  }

  @Test(
    "Pages become what the reader unpacks to the same",
    arguments: [PageCompression.zstd, .zlib])
  func pagesAreUnpackedAgain(compression: PageCompression) throws {
    var random = SplitMix(seed: SplitMix.seed(of: "PageCompressorTests"))
    let compressor = try PageCompressor(compression)
    let decompressor = PageDecompressor()
    var space = [UInt8](repeating: 0, count: PageCompressor.workSpace)
    var (small, large) = (0, 0)
    var pages = (0..<2000).map { _ in Self.page(&random) }
    pages += [[UInt8](repeating: 0, count: 4096), [UInt8](repeating: 7, count: 4096)]
    pages.append((0..<4096).map { UInt8(truncatingIfNeeded: $0) })
    for page in pages {
      let size = unsafe page.withUnsafeBytes { page in
        unsafe space.withUnsafeMutableBytes { unsafe compressor.compress(page, into: $0) }
      }
      guard let size else {
        large += 1
        continue
      }
      #expect(size < 4096)
      small += 1
      let bytes = decompressor.decompress(
        SharedBytes(Array(space[..<size])), compression, count: 4096)
      let isSame = bytes?.array == page
      #expect(isSame)
    }
    #expect(small > 1200 && large > 100)
  }

  @Test("LZO is only unpacked")
  func lzoIsNotPacked() {
    #expect(throws: OutOfMemory.self) { try PageCompressor(.lzo) }
  }
}
