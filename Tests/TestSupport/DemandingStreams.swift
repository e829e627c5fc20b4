internal import ByteCoding
package import Compression

/// Valid streams that use features which not every decoder has.
package enum DemandingStream: String, CaseIterable, Sendable {
  case gzipOfTheFuture = "gzip, reserved flags"
  case xzLargeDictionary = "xz, a dictionary of 4 GiB"
  case xzImpossibleDictionary = "xz, a dictionary of an unknown size"
  case xzUnknownFilter = "xz, an unknown filter"
  case lzmaLargeDictionary = "lzma, a dictionary of 1 GiB"
  case zstdDictionary = "zstd, made with a dictionary"
  case zstdReserved = "zstd, a reserved bit"
  case zstdLargeWindow = "zstd, a window of 3.75 TiB"
  case lz4Dictionary = "lz4, made with a dictionary"
  case lz4Version = "lz4, another version"
  case lzoMethod = "lzop, an unknown method"
  case lzoFilter = "lzop, a filter"

  /// The format of the stream.
  package var format: CompressionFormat {
    switch self {
    case .gzipOfTheFuture: .gzip
    case .xzLargeDictionary, .xzImpossibleDictionary, .xzUnknownFilter: .xz
    case .lzmaLargeDictionary: .lzma
    case .zstdDictionary, .zstdReserved, .zstdLargeWindow: .zstd
    case .lz4Dictionary, .lz4Version: .lz4
    case .lzoMethod, .lzoFilter: .lzo
    }
  }

  /// Whether the feature is a window that is too large.
  package var isOfTheWindow: Bool {
    switch self {
    case .xzLargeDictionary, .lzmaLargeDictionary, .zstdLargeWindow: true
    default: false
    }
  }

  /// The stream. It contains `data`, or nothing where the contents do not matter.
  package func bytes(of data: [UInt8]) -> [UInt8] {
    switch self {
    case .gzipOfTheFuture: Self.changed(Compressor.gzip.compress(data), [3: 0x80])
    case .xzLargeDictionary: Self.xz(data, filter: 0x21, dictionary: 40)
    case .xzImpossibleDictionary: Self.xz(data, filter: 0x21, dictionary: 41)
    case .xzUnknownFilter: Self.xz(data, filter: 0x3F, dictionary: 22)
    case .lzmaLargeDictionary:
      Self.changed(Compressor.lzma.compress(data), [1: 0, 2: 0, 3: 0, 4: 0x40])
    // RFC 8878: descriptor, window, dictionary, and an empty raw block as the last one.
    case .zstdDictionary: [0x28, 0xB5, 0x2F, 0xFD, 0x01, 0x00, 0x05, 1, 0, 0]
    case .zstdReserved: [0x28, 0xB5, 0x2F, 0xFD, 0x08, 0x00, 1, 0, 0]
    case .zstdLargeWindow: [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xFF, 1, 0, 0]
    // A block that copies from before the start: version 1, DictID 7, blocks of 64 KiB.
    case .lz4Dictionary:
      Self.lz4([0x61, 0x40, 7, 0, 0, 0]) + [4, 0, 0, 0, 0x00, 0x10, 0x00, 0x00] + [0, 0, 0, 0]
    case .lz4Version: Self.lz4([0xA0, 0x40]) + [0, 0, 0, 0]
    case .lzoMethod: Self.changed(Compressor.lzo.compress(data), [15: 4])
    case .lzoFilter: Self.changed(Compressor.lzo.compress(data), [19: 0x08])
    }
  }

  private static func changed(_ bytes: [UInt8], _ changes: [Int: UInt8]) -> [UInt8] {
    var bytes = bytes
    for (offset, byte) in changes { bytes[offset] = byte }
    return bytes
  }

  /// The header of the first block is at byte 12: its size in words minus one; flags, which say
  /// whether two sizes of variable length follow; the filter; the size of the filter's properties;
  /// the dictionary; and a checksum.
  private static func xz(_ data: [UInt8], filter: UInt8, dictionary: UInt8) -> [UInt8] {
    var bytes = Compressor.xz.compress(data)
    var place = 14
    for flag in [0x40, 0x80] as [UInt8] where bytes[13] & flag != 0 {
      while bytes[place] & 0x80 != 0 { place += 1 }
      place += 1
    }
    (bytes[place], bytes[place + 2]) = (filter, dictionary)
    let size = (Int(bytes[12]) + 1) * 4
    var checksum = CRC32()
    checksum.add(SharedBytes(Array(bytes[12..<(12 + size - 4)])))
    for index in 0..<4 {
      bytes[12 + size - 4 + index] = UInt8(truncatingIfNeeded: checksum.value >> (8 * index))
    }
    return bytes
  }

  /// The magic number, a descriptor, and the second byte of its XXH32.
  private static func lz4(_ descriptor: [UInt8]) -> [UInt8] {
    [0x04, 0x22, 0x4D, 0x18] + descriptor + [UInt8(truncatingIfNeeded: xxh32(descriptor) >> 8)]
  }

  /// XXH32 of less than 16 bytes, with seed 0: xxHash's doc/xxhash_spec.md.
  private static func xxh32(_ bytes: [UInt8]) -> UInt32 {
    func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 {
      value << count | value >> (32 - count)
    }
    var hash: UInt32 = 374_761_393 &+ UInt32(bytes.count)
    var rest = bytes[...]
    while rest.count >= 4 {
      let lane = rest.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      hash = rotated(hash &+ lane &* 3_266_489_917, 17) &* 668_265_263
      rest = rest.dropFirst(4)
    }
    for byte in rest {
      hash = rotated(hash &+ UInt32(byte) &* 374_761_393, 11) &* 2_654_435_761
    }
    hash = (hash ^ hash >> 15) &* 2_246_822_519
    hash = (hash ^ hash >> 13) &* 3_266_489_917
    return hash ^ hash >> 16
  }
}
