internal import ByteCoding
internal import Compression
internal import CpioFormat
internal import KernelImages

extension InitrdContent {
  /// A compressed archive in the file, and what is found out about its members while it is unpacked.
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

    /// Unpacks it without keeping the result, and returns how many bytes of the file it takes.
    func look() throws(CompressionError) -> Int {
      let bytes = bytes
      let window = StreamHeader(bytes.span, format).window ?? 0
      guard window <= windowLimit else { throw .outOfMemory(wanted: window) }
      let watcher = watcher
      return try decompress(bytes, as: format) { watcher.watch($0) }
    }

    /// Why Linux may be unable to unpack it, judging by its header.
    var suspicion: InitrdSuspicion? {
      let bytes = bytes
      let header = StreamHeader(bytes.span, format)
      switch format {
      case .xz:
        guard let check = header.check, !StreamHeader.Check.ofLinux.contains(check) else {
          return nil
        }
        return .xzCheck(check.name, offset: start)
      case .lz4: return header.isLZ4Frame ? .lz4Frame(offset: start) : nil
      case .zstd:
        guard let window = header.window, window > .mebibytes(128) else { return nil }
        return .zstdWindow(UInt64(window), offset: start)
      case .gzip, .lzma, .bzip2, .lzo: return nil
      }
    }
  }

  /// Looks at the members of archives while their bytes pass by.
  final class Watcher {
    private(set) var walk: CpioWalk
    private(set) var beginning = Beginning()
    private(set) var hasEarlyFiles = false
    /// The releases of which there are modules.
    private(set) var moduleReleases: Set<String> = []

    init(onlyFirst: Bool = false) {
      walk = CpioWalk(onlyFirst: onlyFirst)
    }

    /// Looks at the next bytes.
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

  /// The first bytes of a file, or of what a file unpacks to, by which its type is recognised.
  struct Beginning {
    /// How many bytes are needed: the magic numbers of file systems are in the second KiB.
    static let size = 2048
    private var bytes: [UInt8] = []

    init() {}

    init(_ bytes: SharedBytes) {
      self.bytes = bytes.array
    }

    /// Adds the next bytes until there are enough.
    mutating func add(_ more: RawSpan) {
      let count = min(Self.size - bytes.count, more.byteCount)
      for offset in 0..<max(count, 0) {
        bytes.append((try? more.load(UInt8.self, at: offset)) ?? 0)
      }
    }

    /// What is wrong with an initrd that begins with these bytes and is no archive; nil for a file system
    /// that Linux takes as initial RAM disk (Documentation/admin-guide/initrd.rst).
    var suspicion: InitrdSuspicion? {
      let start = SharedBytes(bytes)
      if KnownImage.startsLikeKernel(start.span) { return .kernel }
      if StreamHeader.isSkippableFrame(start.span) { return .skippableFrame(offset: 0) }
      return isFileSystem || bytes.allSatisfy { $0 == 0 }
        ? nil : .unknown(firstBytes: Array(bytes.prefix(8)))
    }

    /// ext2 to ext4, romfs, squashfs, cramfs or one of Minix.
    private var isFileSystem: Bool {
      has([0x53, 0xEF], at: 0x438) || has(Array("-rom1fs-".utf8), at: 0)
        || has(Array("hsqs".utf8), at: 0) || has(Self.cramfs, at: 0) || has(Self.cramfs, at: 512)
        || Self.minix.contains { has($0, at: 0x410) }
    }

    private static let cramfs: [UInt8] = [0x45, 0x3D, 0xCD, 0x28]
    private static let minix: [[UInt8]] = [
      [0x7F, 0x13], [0x8F, 0x13], [0x68, 0x24], [0x78, 0x24],
    ]

    private func has(_ wanted: [UInt8], at offset: Int) -> Bool {
      bytes.count >= offset + wanted.count
        && bytes[offset..<(offset + wanted.count)].elementsEqual(wanted)
    }
  }
}
