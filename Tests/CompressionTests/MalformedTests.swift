import ByteCoding
import TestSupport
import Testing

@testable import Compression

@Suite struct MalformedTests {
  @Test(
    "A stream that is cut anywhere is reported as truncated at the cut",
    arguments: Compressor.allCases)
  func everyTruncationIsAnError(by compressor: Compressor) throws {
    let compressed = compressor.compress(mixedData(700))
    for count in 0..<compressed.count {
      // LZ4's legacy frame has no end mark, so its magic number alone is an empty stream.
      if compressor == .lz4Legacy && count == 4 { continue }
      #expect(
        throws: CompressionError.truncated(compressor.format, inputOffset: count),
        "the first \(count) bytes of \(compressed.count)"
      ) {
        try decompress(
          SharedBytes(Array(compressed[..<count])), as: compressor.format, limit: 1 << 20)
      }
    }
  }

  @Test(
    "Decompressing a damaged stream never crashes and never exceeds the limit",
    arguments: Compressor.allCases)
  func damagedStreamNeverCrashes(by compressor: Compressor) {
    let compressed = compressor.compress(mixedData(5000))
    var generator = SplitMix(seed: 1)
    for _ in 0..<500 {
      var damaged = compressed
      for _ in 0...Int.random(in: 0..<3, using: &generator) {
        let index = Int.random(in: damaged.indices, using: &generator)
        damaged[index] ^= UInt8.random(in: 1...255, using: &generator)
      }
      if let result = try? decompress(
        SharedBytes(damaged), as: compressor.format, limit: 1 << 20)
      {
        #expect(result.bytes.count <= 1 << 20 && result.consumed <= damaged.count)
      }
    }
  }

  @Test(
    "A format with checksums reports a flipped data byte as corrupt",
    arguments: [
      Compressor.gzip, .xz, .zstd, .lz4Frame, .bzip2, .lzo, .lzoWithChecksums,
    ])
  func checksumsAreChecked(by compressor: Compressor) throws {
    // Random data is stored uncompressed: only the checksum can find a flipped byte in it.
    var generator = SplitMix(seed: 2)
    let data = (0..<3000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    var damaged = compressor.compress(data)
    damaged[damaged.count / 2] ^= 0x10
    do {
      _ = try decompress(SharedBytes(damaged), as: compressor.format, limit: 1 << 20)
      Issue.record("no error")
    } catch {
      guard case .corrupt(compressor.format, let offset) = error else {
        Issue.record("\(error)")
        return
      }
      #expect((0...damaged.count).contains(offset))
    }
  }

  @Test(
    "Every format reports other data as corrupt and an empty stream as truncated",
    arguments: CompressionFormat.allCases)
  func otherDataIsCorruptOrTruncated(_ format: CompressionFormat) {
    #expect(throws: CompressionError.corrupt(format, inputOffset: 0)) {
      try decompress(SharedBytes(Array("not compressed".utf8)), as: format, limit: 100)
    }
    #expect(throws: CompressionError.truncated(format, inputOffset: 0)) {
      try decompress(SharedBytes([]), as: format, limit: 100)
    }
  }

  @Test("An lzma stream with a dictionary of 1 GiB is refused for its window")
  func aLargeWindowIsRefused() {
    // .lzma: properties, a dictionary of 1 GiB, an unknown size, then some data.
    let header: [UInt8] =
      [0x5D, 0x00, 0x00, 0x00, 0x40] + [UInt8](repeating: 0xFF, count: 8)
      + [UInt8](repeating: 0, count: 16)
    #expect(throws: CompressionError.windowTooLarge(.lzma)) {
      try decompress(SharedBytes(header), as: .lzma, limit: 1 << 20)
    }
  }

  /// A feature that the decoder lacks is not damage: the bytes are as they should be.
  @Test(
    "A valid stream that the decoder cannot handle is not reported as damaged",
    arguments: DemandingStream.allCases, [true, false])
  func unsupportedStreamIsNotDamage(stream: DemandingStream, isKept: Bool) {
    let bytes = SharedBytes(stream.bytes(of: mixedData(700)))
    let error = #expect(throws: CompressionError.self) {
      if isKept {
        _ = try decompress(bytes, as: stream.format, limit: 1 << 20)
      } else {
        _ = try decompress(bytes, as: stream.format) { _ in }
      }
    }
    #expect(error?.isDamage == false)
    #expect(
      error?.code == (stream.isOfTheWindow ? .windowTooLarge : .unsupported), "\(error as Any)")
  }

  /// The size exceeds the address space.
  @Test("A stream whose expected size exceeds the memory fails with outOfMemory")
  func hugeExpectedSizeIsOutOfMemory() {
    let bytes = SharedBytes(Compressor.gzip.compress([1]))
    let error = #expect(throws: CompressionError.self) {
      _ = try decompress(bytes, as: .gzip, limit: 1 << 50, expectedSize: 1 << 50)
    }
    #expect(error?.code == .outOfMemory && error?.isDamage == false)
  }

  @Test("Decompressing 16 MiB of zeros stops with an error at a limit of 1 MiB")
  func decompressionStopsAtTheLimit() {
    let zeros = [UInt8](repeating: 0, count: 16 << 20)
    for compressor in Compressor.allCases {
      #expect(throws: CompressionError.tooLarge(limit: 1 << 20)) {
        try decompress(
          SharedBytes(compressor.compress(zeros)), as: compressor.format, limit: 1 << 20)
      }
    }
  }

  @Test("An lzop stream with an unknown method is unsupported")
  func unknownMethodsOfLzopAreUnsupported() {
    var bytes = Compressor.lzo.compress([1])
    // The byte follows the magic number and three versions.
    bytes[15] = 4
    #expect(throws: CompressionError.unsupported(.lzo, inputOffset: 9)) {
      try decompress(SharedBytes(bytes), as: .lzo, limit: 100)
    }
  }
}
