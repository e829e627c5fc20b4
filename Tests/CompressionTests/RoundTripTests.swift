import ByteCoding
import TestSupport
import Testing

@testable import Compression

@Suite struct RoundTripTests {
  @Test(
    "Compressed data is recognised and decompresses to the original",
    arguments: Compressor.allCases, [0, 1, 65535, 65536, 65537, 9 << 20])
  func decompressesWhatWasCompressed(by compressor: Compressor, size: Int) throws {
    let data = mixedData(size)
    let compressed = compressor.compress(data)
    #expect(CompressionFormat.recognise(SharedBytes(compressed).span) == compressor.format)

    let result = try decompress(SharedBytes(compressed), as: compressor.format, limit: 1 << 30)
    #expect(result.bytes.array == data)
    #expect(result.consumed == compressed.count)
  }

  @Test(
    "Decompression does not consume the bytes that follow the stream",
    arguments: Compressor.allCases)
  func leavesTrailingBytesUnread(by compressor: Compressor) throws {
    let data = mixedData(100_000)
    let compressed = compressor.compress(data)
    // The size that Linux appends, padding, the beginning of a cpio archive, another stream.
    let trailers: [[UInt8]] = [
      [0xA0, 0x86, 0x01, 0x00], [0], [0, 0, 0, 0, 0, 0, 0, 0], Array("070701000000".utf8),
      compressor.compress(data), Compressor.gzip.compress(data),
    ]
    for trailer in trailers {
      let result = try decompress(
        SharedBytes(compressed + trailer), as: compressor.format, limit: 1 << 20)
      #expect(result.consumed == compressed.count)
      #expect(result.bytes.array == data)
    }
  }

  @Test("The size appended to a legacy LZ4 stream of whole blocks is not consumed")
  func leavesSizeAfterLegacyLZ4Blocks() throws {
    let data = mixedData(8 << 20)
    let compressed = Compressor.lz4Legacy.compress(data)
    let result = try decompress(
      SharedBytes(compressed + [0, 0, 0x80, 0]), as: .lz4, limit: 1 << 30)
    #expect(result.consumed == compressed.count)
    #expect(result.bytes.count == data.count)
  }

  @Test(
    "Data of exactly the limit is decompressed, and a lower limit is an error",
    arguments: Compressor.allCases)
  func theLimitIsExact(by compressor: Compressor) throws {
    let data = mixedData(70_000)
    let compressed = SharedBytes(compressor.compress(data))
    let result = try decompress(compressed, as: compressor.format, limit: data.count)
    #expect(result.bytes.count == data.count)
    for limit in [data.count - 1, 1, 0, -1] {
      for expectedSize in [nil, data.count, 1 << 40] {
        #expect(throws: CompressionError.tooLarge(limit: max(limit, 0))) {
          try decompress(
            compressed, as: compressor.format, limit: limit, expectedSize: expectedSize)
        }
      }
    }
  }

  @Test(
    "A wrong expected size does not change the decompressed result",
    arguments: Compressor.allCases)
  func theExpectedSizeIsOnlyAHint(by compressor: Compressor) throws {
    let data = mixedData(70_000)
    let compressed = SharedBytes(compressor.compress(data))
    for expectedSize in [data.count, data.count - 1, data.count + 1, 0, 1, -1, 1 << 20, Int.max] {
      let result = try decompress(
        compressed, as: compressor.format, limit: 1 << 20, expectedSize: expectedSize)
      #expect(result.bytes.array == data)
      #expect(result.consumed == compressed.count)
    }
  }

  @Test(
    "Data that is not kept arrives complete in chunks of bounded size",
    arguments: Compressor.allCases, [0, 1, 65536, 9 << 20])
  func deliversDataInBoundedChunks(by compressor: Compressor, size: Int) throws {
    let data = mixedData(size)
    let compressed = compressor.compress(data)
    var (largest, position, isEqual) = (0, 0, true)
    let consumed = try decompress(SharedBytes(compressed + [0, 0, 0, 0]), as: compressor.format) {
      chunk in
      largest = max(largest, chunk.byteCount)
      let bytes = unsafe chunk.withUnsafeBytes { unsafe Array($0) }
      isEqual =
        isEqual && position + bytes.count <= data.count
        && data[position..<position + bytes.count].elementsEqual(bytes)
      position += bytes.count
    }
    #expect(isEqual && position == data.count)
    #expect(consumed == compressed.count)
    let isByBlocks = compressor.format == .lz4 || compressor.format == .lzo
    #expect(largest <= (isByBlocks ? 8 << 20 : 64 << 10))
  }

  /// All complete blocks before a fault are delivered. Those of a legacy LZ4 stream have 8 MiB.
  @Test(
    "A truncated stream is an error when its data is delivered in chunks",
    arguments: Compressor.allCases)
  func truncationIsAnErrorInChunks(by compressor: Compressor) throws {
    let data = (0..<16).flatMap { mixedData(150_000 + $0) }
    let compressed = compressor.compress(data)
    for length in [compressed.count / 2, compressed.count - 1] {
      var count = 0
      var isEqual = true
      let error = #expect(throws: CompressionError.self) {
        _ = try decompress(
          SharedBytes(Array(compressed[..<length])), as: compressor.format
        ) { chunk in
          let bytes = unsafe chunk.withUnsafeBytes { unsafe Array($0) }
          isEqual = isEqual && data[count...].starts(with: bytes)
          count += bytes.count
        }
      }
      #expect(error?.code == .truncated, "\(length) of \(compressed.count)")
      #expect(isEqual && (count > 0 || compressor == .lz4Legacy), "\(count)")
      #expect(count < data.count || length == compressed.count - 1)
    }
  }

  @Test("An expected size of Int.max fails with outOfMemory")
  func maximalSizeIsOutOfMemory() {
    let compressed = SharedBytes(Compressor.gzip.compress([1, 2, 3]))
    #expect(throws: CompressionError.outOfMemory(wanted: .max)) {
      try decompress(compressed, as: .gzip, limit: .max, expectedSize: .max)
    }
  }

  @Test("A mutable result of decompression can be changed in place")
  func theResultCanBeChangedInPlace() throws {
    let compressed = SharedBytes(Compressor.zstd.compress([1, 2, 3, 4, 5, 6]))
    var result = try decompressMutable(compressed, as: .zstd, limit: 100)
    try result.bytes.store(UInt32(0xAABB_CCDD), at: 1)
    #expect(result.consumed == compressed.count)
    #expect(result.take().freeze().array == [1, 0xDD, 0xCC, 0xBB, 0xAA, 6])
  }
}
