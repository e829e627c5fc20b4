internal import ByteCoding

/// A compression format of kernels, initrds or their containers.
package enum CompressionFormat: CaseIterable, Sendable {
  /// RFC 1952.
  case gzip
  /// The .xz file format.
  case xz
  /// The .lzma ("LZMA alone") file format, which is older than xz.
  case lzma
  /// RFC 8878.
  case zstd
  /// LZ4: the legacy format of kernels and initrds, and the current LZ4 frame.
  case lz4
  /// What bzip2 writes.
  case bzip2
  /// What lzop writes.
  case lzo

  /// The name of the command that writes the format.
  package var name: String {
    switch self {
    case .gzip: "gzip"
    case .xz: "xz"
    case .lzma: "lzma"
    case .zstd: "zstd"
    case .lz4: "lz4"
    case .bzip2: "bzip2"
    case .lzo: "lzop"
    }
  }

  /// The format whose magic number `bytes` start with, or nil.
  package static func recognise(_ bytes: RawSpan) -> CompressionFormat? {
    allCases.first { format in
      format.magics.contains { bytes.starts(with: $0) } && format.isPlausible(bytes)
    }
  }

  /// The first bytes of each variant. gzip and bzip2: their only method, and "BZh".
  private var magics: [[UInt8]] {
    switch self {
    case .gzip: [[0x1F, 0x8B, 0x08]]
    case .xz: [[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]]
    case .lzma: [[0x5D, 0x00, 0x00]]
    case .zstd: [[0x28, 0xB5, 0x2F, 0xFD]]
    case .lz4: [LZ4.legacyMagic, LZ4.frameMagic]
    case .bzip2: [[0x42, 0x5A, 0x68]]
    case .lzo: [LZO.magic]
    }
  }

  /// Whether the header after a short magic number could be one.
  private func isPlausible(_ bytes: RawSpan) -> Bool {
    switch self {
    case .bzip2:
      // The size of the blocks: "1" to "9".
      (try? bytes.load(UInt8.self, at: 3)).map { (0x31...0x39).contains($0) } ?? true
    case .lzma:
      // The size at offset 5 is unknown or below 256 GiB. xz applies the same rule.
      (try? bytes.load(UInt64.self, at: 5)).map { $0 == .max || $0 < .gibibytes(256) } ?? true
    case .gzip, .xz, .zstd, .lz4, .lzo: true
    }
  }
}

extension RawSpan {
  /// Whether the first bytes are `prefix`.
  func starts(with prefix: [UInt8]) -> Bool {
    prefix.indices.allSatisfy { (try? load(UInt8.self, at: $0)) == prefix[$0] }
  }
}
