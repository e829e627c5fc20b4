internal import ByteCoding
internal import Compression
internal import CpioFormat

/// The parts of an initrd file as the kernel reads it: cpio archives one behind the other, some compressed.
///
/// Documented in Documentation/driver-api/early-userspace/buffer-format.rst.
struct InitrdContent {
  /// A part of the file, up to where the next one begins.
  struct Item {
    /// Its bytes, as they are in the file.
    let bytes: SharedBytes
    /// Whether it is a compressed archive.
    let isPacked: Bool
    /// What it unpacks to; nil if it is not compressed, or was not to be unpacked.
    var unpacked: SharedBytes?
    /// Whether it holds files that the kernel looks for before it unpacks anything: microcode, ACPI
    /// tables. Documented in Documentation/admin-guide/acpi/initrd_table_override.rst.
    let hasEarlyFiles: Bool
  }

  /// The parts of the file in order. What was not understood comes last, unchanged.
  private(set) var items: [Item] = []
  /// Why the rest was left unchanged; nil when all was understood.
  private(set) var reason: InitrdReason?
  /// Faults and facts that were found meanwhile.
  private(set) var findings = InitrdFindings()
  private let file: SharedBytes

  /// More streams than any initrd has; each may cost a buffer of four times what is left of the file.
  private static let streamLimit = 64

  /// Reads `file`.
  ///
  /// - Parameters:
  ///   - file: the file's bytes.
  ///   - limit: the most bytes that it may unpack to; nil to look at it without keeping anything.
  ///   - windowLimit: how many bytes of memory a stream that is only looked at may take.
  init(_ file: SharedBytes, unpackedInto limit: Int?, windowLimit: Int = .max) {
    self.file = file
    var position = 0
    var left = limit
    var streams = 0
    while let start = file.firstNonZero(from: position) {
      guard let rest = try? file.slice(start..<file.count) else { break }
      if let archive = readArchive(rest, at: start) {
        position = start + archive
        continue
      }
      guard let format = CompressionFormat.recognise(rest.span) else {
        if items.isEmpty { judgeBeginning(rest) }
        keep(rest, at: start, because: .unknownContent(offset: start))
        return
      }
      streams += 1
      guard streams <= Self.streamLimit else {
        findings.unchecked = .tooManyStreams(streams)
        keep(rest, at: start, because: .tooManyParts(streams))
        return
      }
      let stream = Stream(rest, as: format, start: start, windowLimit: windowLimit)
      do throws(CompressionError) {
        let consumed: Int
        var unpacked: SharedBytes?
        if let space = left {
          let result = try stream.unpack(limit: space)
          left = space - result.bytes.count
          (consumed, unpacked) = (result.consumed, result.bytes)
        } else {
          consumed = try stream.look()
        }
        judge(stream)
        items.append(
          Item(
            bytes: (try? rest.slice(0..<consumed)) ?? rest, isPacked: true, unpacked: unpacked,
            hasEarlyFiles: stream.watcher.hasEarlyFiles))
        position = start + consumed
      } catch .tooLarge {
        lookInto(rest, after: start, windowLimit: windowLimit)
        keep(rest, at: start, because: .tooLarge(limit: limit ?? 0))
        return
      } catch {
        judge(stream, error)
        keep(
          rest, at: start,
          because: error.isDamage
            ? .corrupt(format: format.name, offset: start)
            : .notUnpacked(error, offset: start))
        return
      }
    }
  }

  /// The file as it goes into memory: with the unpacked bytes in place of the packed ones, except for the
  /// items at `kept`.
  ///
  /// - Returns: the bytes in order, and whether they differ from those of the file.
  func parts(keeping kept: Set<Int>) -> (bytes: [SharedBytes], hasChanged: Bool) {
    let isChanged = { (index: Int) in items[index].unpacked != nil && !kept.contains(index) }
    guard items.indices.contains(where: isChanged) else { return ([file], false) }
    let parts = items.indices.compactMap { index -> SharedBytes? in
      guard isChanged(index) else { return items[index].bytes }
      // There are no empty segments.
      return items[index].unpacked.flatMap { $0.count > 0 ? $0 : nil }
    }
    return (parts, true)
  }

  /// Leaves `rest` unchanged. The kernel finds archives in it only at multiples of four bytes from the start:
  /// if replacing what comes before would move them, the whole file stays unchanged.
  private mutating func keep(_ rest: SharedBytes, at start: Int, because reason: InitrdReason) {
    self.reason = reason
    if start % 4 == 0 {
      items.append(Item(bytes: rest, isPacked: false, hasEarlyFiles: false))
    } else {
      items = [Item(bytes: file, isPacked: false, hasEarlyFiles: false)]
    }
  }

  /// Looks into `rest`, which is too large to be unpacked and starts at byte `start` of the file.
  private mutating func lookInto(_ rest: SharedBytes, after start: Int, windowLimit: Int) {
    let content = InitrdContent(rest, unpackedInto: nil, windowLimit: windowLimit)
    findings.add(content.findings, movedBy: start)
  }
}

// What is found in archives and streams.

extension InitrdContent {
  /// Reads the archive that `rest` starts with, at byte `start` of the file, and returns its length; nil when
  /// there is none.
  private mutating func readArchive(_ rest: SharedBytes, at start: Int) -> Int? {
    guard (try? rest.span.load(UInt8.self, at: 0)) == UInt8(ascii: "0") else { return nil }
    let watcher = Watcher(onlyFirst: true)
    watcher.watch(rest.span)
    let walk = watcher.walk
    // Fewer bytes than a magic number may be anything.
    guard walk.memberCount > 0 || (walk.isInsideMember && walk.offset >= 6) else { return nil }
    // Linux looks for archives at multiples of four only.
    guard start % 4 == 0 else {
      findings.suspect(.unaligned(offset: start))
      return nil
    }
    findings.note(watcher)
    if walk.isInsideMember, !walk.hasEndedArchive {
      findings.damage = findings.damage ?? .archiveCut(at: start + rest.count)
      return nil
    }
    guard let bytes = try? rest.slice(0..<walk.offset) else { return nil }
    if walk.isAtOther, !walk.hasEndedArchive,
      (try? rest.slice(walk.offset..<rest.count)).map({
        CompressionFormat.recognise($0.span) == nil
      })
        ?? false
    {
      findings.suspect(.otherInside(offset: start))
    }
    items.append(Item(bytes: bytes, isPacked: false, hasEarlyFiles: watcher.hasEarlyFiles))
    return walk.offset
  }

  /// Records what is wrong with a stream that can be unpacked.
  private mutating func judge(_ stream: Stream) {
    findings.note(stream)
    let (walk, start) = (stream.watcher.walk, stream.start)
    if walk.isInsideMember, walk.memberCount > 0 {
      findings.damage =
        findings.damage ?? .packedArchiveCut(start: start, unpackedSize: walk.offset)
    } else if walk.isAtOther || walk.isInsideMember {
      if walk.memberCount > 0 {
        findings.suspect(.otherInside(offset: start))
      } else if items.isEmpty, let suspicion = stream.watcher.beginning.suspicion {
        findings.suspect(suspicion)
      }
    }
  }

  /// Records what is wrong with a stream that cannot be unpacked.
  private mutating func judge(_ stream: Stream, _ error: CompressionError) {
    findings.note(stream)
    switch error {
    case .windowTooLarge, .tooLarge: findings.unchecked = .window(stream.format)
    case .outOfMemory: findings.unchecked = .memory(stream.format)
    case .unsupported: findings.unchecked = .unsupported(stream.format)
    case .corrupt, .truncated:
      // Behind an archive these three bytes may be anything.
      if stream.format == .lzma, !items.isEmpty { return }
      findings.damage = findings.damage ?? .stream(error, start: stream.start)
    }
  }

  /// Records what is wrong with a file that does not begin with an archive.
  private mutating func judgeBeginning(_ rest: SharedBytes) {
    guard findings.damage == nil, findings.suspicions.isEmpty else { return }
    // The magic numbers of file systems are at offsets from the file's start.
    let file = (try? file.slice(0..<min(file.count, Beginning.size))) ?? rest
    if let suspicion = Beginning(file).suspicion { findings.suspect(suspicion) }
  }
}

extension InitrdFindings {
  /// Records what a compressed archive shows, whether or not it can be unpacked.
  fileprivate mutating func note(_ stream: InitrdContent.Stream) {
    formats[stream.format] = formats[stream.format] ?? stream.start
    note(stream.watcher)
    stream.suspicion.map { suspect($0) }
  }

  /// Records which members an archive has.
  fileprivate mutating func note(_ watcher: InitrdContent.Watcher) {
    moduleReleases.formUnion(watcher.moduleReleases)
  }

  /// Adds what was found in a part of the file that starts at byte `start`.
  fileprivate mutating func add(_ others: InitrdFindings, movedBy start: Int) {
    damage = damage ?? others.damage?.moved(by: start)
    unchecked = unchecked ?? others.unchecked
    for suspicion in others.suspicions { suspect(suspicion.moved(by: start)) }
    for (format, offset) in others.formats where formats[format] == nil {
      formats[format] = offset + start
    }
    moduleReleases.formUnion(others.moduleReleases)
  }
}

extension InitrdDamage {
  fileprivate func moved(by count: Int) -> InitrdDamage {
    switch self {
    case .stream(let error, let start): .stream(error, start: start + count)
    case .archiveCut(let end): .archiveCut(at: end + count)
    case .packedArchiveCut(let start, let size):
      .packedArchiveCut(start: start + count, unpackedSize: size)
    }
  }
}

extension InitrdSuspicion {
  fileprivate func moved(by count: Int) -> InitrdSuspicion {
    switch self {
    case .xzCheck(let name, let offset): .xzCheck(name, offset: offset + count)
    case .lz4Frame(let offset): .lz4Frame(offset: offset + count)
    case .zstdWindow(let size, let offset): .zstdWindow(size, offset: offset + count)
    case .skippableFrame(let offset): .skippableFrame(offset: offset + count)
    case .unaligned(let offset): .unaligned(offset: offset + count)
    case .otherInside(let offset): .otherInside(offset: offset + count)
    case .kernel, .unknown: self
    }
  }
}

extension SharedBytes {
  /// The offset of the first byte from `position` on that is not zero, or the end of a padding that
  /// is longer than any; nil when only zeros are left.
  fileprivate func firstNonZero(from position: Int) -> Int? {
    let span = span
    let limit = min(count, position + .mebibytes(1))
    var offset = position
    while offset < limit, let word = try? span.load(UInt64.self, at: offset), word == 0 {
      offset += 8
    }
    while offset < limit, let byte = try? span.load(UInt8.self, at: offset), byte == 0 {
      offset += 1
    }
    return offset < count ? offset : nil
  }
}
