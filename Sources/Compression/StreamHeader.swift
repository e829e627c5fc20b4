internal import ByteCoding

/// The header of a compressed stream, which tells what is needed to unpack it.
package struct StreamHeader: ~Escapable {
  /// How the data of an xz stream is checked. xz file format, "Stream Flags".
  package struct Check: Equatable, Sendable {
    /// The number in the header.
    let number: UInt8

    /// Those that the decoder in Linux knows: none and CRC32.
    package static let ofLinux = [Check(number: 0), Check(number: 1)]

    /// Its name, or its number.
    package var name: String {
      switch number {
      case 4: "CRC64"
      case 10: "SHA-256"
      default: "\(number)"
      }
    }
  }

  private let bytes: RawSpan
  private let format: CompressionFormat

  /// The header of the stream of `format` that `bytes` start with.
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, _ format: CompressionFormat) {
    self.bytes = bytes
    self.format = format
  }

  /// Offsets of the fields that are read here.
  private enum Layout {
    static let xzFlags = Field<UInt8>(7)
    static let xzCheckMask: UInt8 = 0x0F
    static let lzmaDictionary = Field<UInt32>(1)
    static let zstdDescriptor = Field<UInt8>(4)
    static let zstdWindow = Field<UInt8>(5)
    static let zstdSingleSegment: UInt8 = 1 << 5
  }

  /// How an xz stream is checked; nil for other formats.
  package var check: Check? {
    guard format == .xz, let flags = try? bytes.load(Layout.xzFlags) else { return nil }
    return Check(number: flags & Layout.xzCheckMask)
  }

  /// Whether it is an LZ4 frame and not the legacy one.
  package var isLZ4Frame: Bool { bytes.starts(with: LZ4.frameMagic) }

  /// Bytes of the window that zstd, lzma or LZ4 declares; nil for formats with small or no windows,
  /// and for xz, whose blocks each have their own, which liblzma bounds.
  package var window: Int? {
    switch format {
    case .zstd: zstdWindow
    case .lzma: (try? bytes.load(Layout.lzmaDictionary)).map(Int.init)
    case .lz4: LZ4.legacyBlockSize
    case .gzip, .bzip2, .lzo, .xz: nil
    }
  }

  /// RFC 8878, "Frame_Header".
  private var zstdWindow: Int? {
    guard let descriptor = try? bytes.load(Layout.zstdDescriptor) else { return nil }
    if (descriptor & Layout.zstdSingleSegment) == 0 {
      guard let window = try? bytes.load(Layout.zstdWindow) else { return nil }
      let base = 1 << (10 + Int(window >> 3))
      return base + (base / 8) * Int(window & 7)
    }
    // In a frame of a single segment the window is as large as the content. The size of that follows the
    // dictionary's ID.
    let content = Layout.zstdDescriptor.end + [0, 1, 2, 4][Int(descriptor & 3)]
    switch descriptor >> 6 {
    case 0: return (try? bytes.load(UInt8.self, at: content)).map(Int.init)
    case 1: return (try? bytes.load(UInt16.self, at: content)).map { Int($0) + 256 }
    case 2: return (try? bytes.load(UInt32.self, at: content)).map(Int.init)
    default: return (try? bytes.load(UInt64.self, at: content)).map { Int(clamping: $0) }
    }
  }

  /// Whether `bytes` start with a skippable frame of zstd or LZ4, which has one of sixteen magic numbers.
  package static func isSkippableFrame(_ bytes: RawSpan) -> Bool {
    (try? bytes.load(UInt32.self, at: 0)).map { $0 & 0xFFFF_FFF0 == 0x184D_2A50 } ?? false
  }
}
