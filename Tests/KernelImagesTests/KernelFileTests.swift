import ByteCoding
import Compression
import TestSupport
import Testing

@testable import KernelImages

@Suite struct KernelFileTests {
  static let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }

  @Test("An uncompressed kernel file stays as it is whatever the limit")
  func keepsUncompressedFile() throws {
    let file = try KernelFile(SharedBytes(Self.content), limit: 10)
    #expect(file.packing == nil && file.bytes.array == Self.content)
  }

  @Test("One compressed stream or several in a row are unpacked")
  func unpacksOneOrSeveralStreams() throws {
    for (stream, format) in [
      (storedGzip(Self.content), CompressionFormat.gzip), (storedZstd(Self.content), .zstd),
    ] {
      let one = try KernelFile(SharedBytes(stream), limit: 100_000)
      #expect(one.packing == format && one.bytes.array == Self.content)
      // Parallel compressors write several streams in a row; signatures and zeros may follow.
      let three = try KernelFile(
        SharedBytes(stream + stream + stream + [0, 0, 1]), limit: 300_000)
      #expect(three.bytes.array == Self.content + Self.content + Self.content)
    }
  }

  @Test("Compressed streams that together exceed the limit are refused")
  func refusesStreamsBeyondLimit() {
    // 64 MiB of the same byte in a few kB.
    let bomb = storedZstd([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 10_000)
    #expect(throws: ImageError.notUnpacked(.tooLarge(limit: 1 << 20), streamOffset: 0)) {
      try KernelFile(SharedBytes(bomb), limit: 1 << 20)
    }
    // The limit applies to all streams together.
    let stream = storedGzip(Self.content)
    #expect(
      throws: ImageError.notUnpacked(.tooLarge(limit: 150_000), streamOffset: stream.count)
    ) { try KernelFile(SharedBytes(stream + stream), limit: 150_000) }
  }

  @Test("A compressed kernel file that is cut off or damaged is refused")
  func refusesDamagedStream() {
    let stream = storedGzip(Self.content)
    #expect(throws: ImageError.notUnpacked(.truncated(.gzip, inputOffset: 5000), streamOffset: 0)) {
      try KernelFile(SharedBytes(Array(stream[..<5000])), limit: 1 << 20)
    }
    var damaged = stream
    damaged[50_000] ^= 1
    #expect(throws: ImageError.self) { try KernelFile(SharedBytes(damaged), limit: 1 << 20) }
  }
}
