internal import ByteCoding
internal import Compression
internal import CpioFormat

extension InitrdContent {
  /// A compressed archive in the file, and what is seen of its members as it is unpacked.
  final class Stream {
    let bytes: SharedBytes
    let format: CompressionFormat
    /// Where it starts in the file.
    let start: Int
    let watcher = Watcher()
    private let windowLimit: Int

    /// The archive that `bytes` start with.
    init(_ bytes: SharedBytes, as format: CompressionFormat, start: Int, windowLimit: Int) {
      self.bytes = bytes
      self.format = format
      self.start = start
      self.windowLimit = windowLimit
    }

    /// Unpacks it into at most `limit` bytes.
    func unpack(limit: Int) throws(CompressionError) -> Decompressed {
      let result = try decompress(bytes, as: format, limit: limit)
      watcher.watch(result.bytes.span)
      return result
    }

    /// Looks at what it unpacks to, and says how long it is.
    func look() throws(CompressionError) -> Int {
      let window = declaredWindow ?? 0
      guard window <= windowLimit else { throw .outOfMemory(wanted: window) }
      let watcher = watcher
      return try decompress(bytes, as: format) { watcher.watch($0) }
    }

    /// Why Linux may be unable to unpack it, as its header tells.
    var suspicion: InitrdSuspicion? {
      switch format {
      case .xz:
        guard let kind = byte(at: 7).map({ $0 & 0xF }), kind > 1 else { return nil }
        return .xzCheck(kind == 4 ? "CRC64" : kind == 10 ? "SHA-256" : "\(kind)", offset: start)
      case .lz4: return byte(at: 0) == 0x04 ? .lz4Frame(offset: start) : nil
      case .zstd:
        guard let window = declaredWindow, window > .mebibytes(128) else { return nil }
        return .zstdWindow(UInt64(window), offset: start)
      case .gzip, .lzma, .bzip2, .lzo: return nil
      }
    }

    /// Bytes of the window that zstd, lzma or LZ4 declares; nil for formats with small or no windows,
    /// and for xz, whose blocks each have their own, which liblzma bounds.
    private var declaredWindow: Int? {
      switch format {
      case .zstd: zstdWindow
      case .lzma: value(UInt32.self, at: 1).map(Int.init)
      case .lz4: .mebibytes(8)
      case .gzip, .bzip2, .lzo, .xz: nil
      }
    }

    /// RFC 8878, "Frame_Header".
    private var zstdWindow: Int? {
      guard let descriptor = byte(at: 4) else { return nil }
      if (descriptor & 0x20) == 0 {
        guard let window = byte(at: 5) else { return nil }
        let base = 1 << (10 + Int(window >> 3))
        return base + (base / 8) * Int(window & 7)
      }
      // A frame of one segment: its window is all of what it holds.
      let content = 5 + [0, 1, 2, 4][Int(descriptor & 3)]
      switch descriptor >> 6 {
      case 0: return byte(at: content).map(Int.init)
      case 1: return value(UInt16.self, at: content).map { Int($0) + 256 }
      case 2: return value(UInt32.self, at: content).map(Int.init)
      default: return value(UInt64.self, at: content).map { Int(clamping: $0) }
      }
    }

    private func byte(at offset: Int) -> UInt8? { value(UInt8.self, at: offset) }

    private func value<Value: FixedWidthInteger & BitwiseCopyable>(
      _ type: Value.Type, at offset: Int
    ) -> Value? {
      let bytes = bytes
      let span = bytes.span
      return try? span.load(type, at: offset)
    }
  }

  /// Sees what goes by of archives' members.
  final class Watcher {
    private(set) var walk: CpioWalk
    private(set) var beginning = Beginning()
    private(set) var hasEarlyFiles = false
    /// The releases of which there are modules.
    private(set) var moduleReleases: Set<String> = []

    init(onlyFirst: Bool = false) {
      walk = CpioWalk(onlyFirst: onlyFirst)
    }

    /// Sees the next bytes.
    func watch(_ bytes: RawSpan) {
      beginning.add(bytes)
      walk.follow(bytes) { name in
        if name.starts(with: Self.early) { hasEarlyFiles = true }
        if let release = Self.release(in: name) {
          moduleReleases.insert(String(decoding: release, as: UTF8.self))
        }
      }
    }

    private static let early = Array("kernel/".utf8)
    private static let modules = Array("lib/modules/".utf8)
    private static let merged = Array("usr/".utf8)

    /// RELEASE of a name `lib/modules/RELEASE/…`, perhaps below `usr/`.
    private static func release(in name: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
      var rest = name.drop { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
      if rest.starts(with: merged) { rest = rest.dropFirst(merged.count) }
      guard rest.starts(with: modules) else { return nil }
      let below = rest.dropFirst(modules.count)
      let release = below.prefix { $0 != UInt8(ascii: "/") }
      return release.count < below.count - 1 && !release.isEmpty ? release : nil
    }
  }

  /// The first bytes of a file, or of what one unpacks to, for telling what it is.
  struct Beginning {
    /// How many bytes it takes: the marks of file systems are in the second KiB.
    static let size = 2048
    private var bytes: [UInt8] = []

    init() {}

    init(_ bytes: SharedBytes) {
      self.bytes = bytes.array
    }

    /// Adds the next bytes, as long as there are too few.
    mutating func add(_ more: RawSpan) {
      let count = min(Self.size - bytes.count, more.byteCount)
      for offset in 0..<max(count, 0) {
        bytes.append((try? more.load(UInt8.self, at: offset)) ?? 0)
      }
    }

    /// What is wrong with an initrd that begins so and is no archive; nil for a file system that
    /// Linux takes as initial RAM disk (Documentation/admin-guide/initrd.rst).
    var suspicion: InitrdSuspicion? {
      if isKernel { return .kernel }
      if isSkippable { return .skippableFrame(offset: 0) }
      return isFileSystem || bytes.allSatisfy { $0 == 0 }
        ? nil : .unknown(firstBytes: Array(bytes.prefix(8)))
    }

    /// A setup header, an ELF file, an EFI program, or an Image for arm64 or RISC-V.
    private var isKernel: Bool {
      has("HdrS", at: 0x202) || has([0x7F, 0x45, 0x4C, 0x46], at: 0) || has("MZ", at: 0)
        || has("ARMd", at: 56) || has("RSC\u{5}", at: 56)
    }

    /// zstd and lz4 pass over frames with sixteen magic numbers.
    private var isSkippable: Bool {
      bytes.count > 4 && (bytes[0] & 0xF0) == 0x50 && has([0x2A, 0x4D, 0x18], at: 1)
    }

    private var isFileSystem: Bool {
      has([0x53, 0xEF], at: 0x438) || has("-rom1fs-", at: 0) || has("hsqs", at: 0)
        || has([0x45, 0x3D, 0xCD, 0x28], at: 0) || has([0x45, 0x3D, 0xCD, 0x28], at: 512)
        || [0x137F, 0x138F, 0x2468, 0x2478].contains {
          has([UInt8($0 & 0xFF), UInt8($0 >> 8)], at: 0x410)
        }
    }

    private func has(_ text: String, at offset: Int) -> Bool { has(Array(text.utf8), at: offset) }

    private func has(_ wanted: [UInt8], at offset: Int) -> Bool {
      bytes.count >= offset + wanted.count
        && bytes[offset..<(offset + wanted.count)].elementsEqual(wanted)
    }
  }
}
