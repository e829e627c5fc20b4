internal import ByteCoding
internal import Compression
internal import CrashDumps

/// Looks at a kdump-compressed file.
struct CompressedCheck {
  private typealias Descriptor = CompressedLayout.Descriptor

  private let file: RandomAccessFile
  private let header: CompressedHeader
  private let source: CrashImage?
  private let extent: DumpChecker.Extent
  private let decompressor = PageDecompressor()
  /// The part of the file that was read last.
  private var window: (offset: UInt64, bytes: SharedBytes)?
  /// Where the last page ends that is behind the end of the file.
  private var missingEnd: UInt64 = 0
  private var dataStart: UInt64 = 0

  /// Bytes of a map, or of descriptors, that are read at once.
  private static let mapPart: UInt64 = .kibibytes(64)
  private static let descriptorCount: UInt64 = 2048
  /// More bytes than a page becomes when it is compressed.
  private static let largestPage: UInt32 = 8192

  init(
    _ file: RandomAccessFile, _ header: CompressedHeader, _ source: CrashImage?,
    _ extent: DumpChecker.Extent
  ) {
    self.file = file
    self.header = header
    self.source = source
    self.extent = extent
  }

  /// Looks at everything.
  mutating func run(
    _ result: inout DumpChecker.Result, _ progress: (DumpProgress) -> Void
  ) {
    result.isMarkedIncomplete = header.status & CompressedLayout.isIncomplete != 0
    result.checkNotes(header.notes, of: file)
    guard countPages(&result) else { return }
    let table = result.promisedPages * UInt64(Descriptor.size)
    dataStart = header.descriptors + table
    if dataStart > file.byteCount {
      result.note(.truncated(promised: dataStart, has: file.byteCount))
      return
    }
    let step = extent.step(of: result.promisedPages)
    var index: UInt64 = 0
    var descriptors: SharedBytes?
    var position: UInt64 = 0
    while position < header.mapSize {
      guard let words = part(of: header.storedMapOffset, at: position, &result) else { return }
      let first = position << 3
      position += UInt64(words.count) << 3
      for (number, word) in words.enumerated() where word != 0 {
        var rest = word
        while rest != 0 {
          let frame = first + UInt64(number << 6 + rest.trailingZeroBitCount)
          rest &= rest - 1
          guard header.part.contains(frame), frame < header.endFrame else { continue }
          let inPart = index % Self.descriptorCount
          if inPart == 0 {
            let count = min(Self.descriptorCount, result.promisedPages - index)
            descriptors = result.read(
              file, at: header.descriptors + index * UInt64(Descriptor.size),
              count: Int(count) * Descriptor.size)
            guard descriptors != nil else { return }
            progress(
              DumpProgress(
                donePages: index, allPages: result.promisedPages, byteCount: file.byteCount))
          }
          if let descriptors {
            check(frame, index, descriptors, Int(inPart), isChecked: index % step == 0, &result)
          }
          index += 1
        }
      }
    }
    if missingEnd > 0 { result.note(.truncated(promised: missingEnd, has: file.byteCount)) }
  }

  /// Counts the pages that are in the file, and compares both maps.
  private func countPages(_ result: inout DumpChecker.Result) -> Bool {
    var position: UInt64 = 0
    while position < header.mapSize {
      guard let memory = part(of: header.mapOffset, at: position, &result),
        let stored = part(of: header.storedMapOffset, at: position, &result)
      else { return false }
      for index in 0..<min(memory.count, stored.count) {
        let place = position + UInt64(index << 3)
        let first = place << 3
        var known = memory[index]
        if first + 64 > header.endFrame {
          known &= first < header.endFrame ? UInt64.max >> (first + 64 - header.endFrame) : 0
        }
        let strange = stored[index] & ~known
        if strange != 0 {
          result.note(
            .storedButNotMemory(
              offset: header.storedMapOffset + place,
              frame: first + UInt64(strange.trailingZeroBitCount)))
        }
        result.promisedPages += pages(stored[index], from: first)
      }
      position += UInt64(memory.count << 3)
    }
    return true
  }

  /// How many pages of a word of the map are in this file, if the dump is split.
  private func pages(_ word: UInt64, from first: UInt64) -> UInt64 {
    let limit = min(header.part.upperBound, header.endFrame)
    if first >= header.part.lowerBound, first + 64 <= limit { return UInt64(word.nonzeroBitCount) }
    var count: UInt64 = 0
    for bit in 0..<64 where word >> UInt64(bit) & 1 != 0 {
      let frame = first + UInt64(bit)
      if frame >= header.part.lowerBound, frame < limit { count += 1 }
    }
    return count
  }

  /// Words of a map.
  private func part(
    of map: UInt64, at position: UInt64, _ result: inout DumpChecker.Result
  ) -> [UInt64]? {
    let size = Int(min(Self.mapPart, header.mapSize - position))
    guard let bytes = result.read(file, at: map + position, count: size) else { return nil }
    var words: [UInt64] = []
    words.reserveCapacity(size / 8)
    for index in 0..<(size / 8) {
      words.append((try? bytes.span.load(UInt64.self, at: 8 * index)) ?? 0)
    }
    return words
  }

  private mutating func check(
    _ frame: UInt64, _ index: UInt64, _ descriptors: SharedBytes, _ number: Int, isChecked: Bool,
    _ result: inout DumpChecker.Result
  ) {
    let base = number * Descriptor.size
    let place = header.descriptors + index * UInt64(Descriptor.size)
    guard let offset = try? descriptors.span.load(Descriptor.offset, base: base),
      let size = try? descriptors.span.load(Descriptor.byteCount, base: base),
      let flags = try? descriptors.span.load(Descriptor.flags, base: base)
    else { return }
    if offset == 0, size == 0 {
      result.missingPages += 1
      return
    }
    let compression = CompressedLayout.compression(of: flags)
    let isPlain = flags & CompressedLayout.compressionFlags == 0
    guard offset >= dataStart, size > 0, size <= Self.largestPage, offset < UInt64.max - 8192,
      isPlain ? size == 4096 : compression != nil
    else {
      result.note(.badDescriptor(offset: place, frame: frame))
      return
    }
    guard offset + UInt64(size) <= file.byteCount else {
      result.missingPages += 1
      missingEnd = max(missingEnd, offset + UInt64(size))
      return
    }
    guard isChecked, let data = read(at: offset, count: Int(size), &result) else { return }
    result.checkedPages += 1
    let page = compression.map { decompressor.decompress(data, $0, count: 4096) } ?? data
    guard let page else {
      result.note(.badPage(offset: offset, frame: frame))
      return
    }
    if let source, !source.has(page, frame) {
      result.note(.otherPage(offset: offset, frame: frame))
    }
  }

  /// Data of a page. As a rule the next one follows.
  private mutating func read(
    at offset: UInt64, count: Int, _ result: inout DumpChecker.Result
  ) -> SharedBytes? {
    if let window, offset >= window.offset {
      let start = offset - window.offset
      if start + UInt64(count) <= UInt64(window.bytes.count) {
        return try? window.bytes.slice(Int(start)..<(Int(start) + count))
      }
      let isNext = start <= UInt64(window.bytes.count)
      guard isNext, extent == .all else { return result.read(file, at: offset, count: count) }
    } else if window != nil || extent != .all {
      return result.read(file, at: offset, count: count)
    }
    let size = min(UInt64(DumpChecker.windowSize), file.byteCount - offset)
    guard let bytes = result.read(file, at: offset, count: Int(size)) else { return nil }
    window = (offset, bytes)
    return try? bytes.slice(0..<count)
  }
}

extension CrashImage {
  /// Whether `page` is the page `frame`; also if that cannot be read.
  func has(_ page: SharedBytes, _ frame: UInt64) -> Bool {
    guard let own = try? pages(from: frame, count: 1) else { return true }
    return page.span.equals(0..<page.count, own.span)
  }
}
