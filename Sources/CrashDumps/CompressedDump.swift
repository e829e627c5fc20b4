internal import ByteCoding
internal import Compression

/// The memory in a kdump-compressed file, which makedumpfile and the kernel's own tools write: a header, notes, two maps
/// with a bit for each page, a table of descriptors, and pages that are compressed each for itself.
///
/// All blocks have the size of a page. The first map says which pages are RAM, the second which of them are in the file.
final class CompressedDump {
  let file: RandomAccessFile
  /// The number behind that of the last page.
  let endFrame: UInt64
  /// The pages whose descriptors are in this file: all, or a part of them when the dump is split.
  let part: Range<UInt64>
  /// Bytes from the start of the file to each map.
  private let decompressor = PageDecompressor()
  private let maps: (memory: UInt64, stored: UInt64)
  /// Where the descriptors start.
  private let descriptors: UInt64
  /// How many pages are in the file in front of each chunk of the second map, and in all; made when it is first needed.
  private var ranks: [UInt64] = []
  /// Chunks of both maps that were read last.
  private var chunks: [(offset: UInt64, bytes: SharedBytes)?] = Array(repeating: nil, count: 8)

  /// Pages of a chunk of a map: a block of the file.
  private static let chunkPages: UInt64 = 32_768

  init(_ header: CompressedHeader, _ file: RandomAccessFile) {
    self.file = file
    endFrame = header.endFrame
    part = header.part
    maps = (header.mapOffset, header.storedMapOffset)
    descriptors = header.descriptors
  }

  /// The bits of 32768 pages, as a block of the file.
  private func chunk(
    _ map: UInt64, _ number: UInt64
  ) throws(CrashImageError) -> SharedBytes {
    let offset = map + number << 12
    let entry = Int(number & 3) + (map == maps.memory ? 0 : 4)
    if let known = chunks[entry], known.offset == offset { return known.bytes }
    let bytes = try file.range(at: offset, count: 4096)
    chunks[entry] = (offset, bytes)
    return bytes
  }

  private func isSet(_ frame: UInt64, in map: UInt64) throws(CrashImageError) -> Bool {
    let bytes = try chunk(map, frame / Self.chunkPages)
    let bit = frame % Self.chunkPages
    let byte = (try? bytes.span.load(UInt8.self, at: Int(bit >> 3))) ?? 0
    return byte >> (bit & 7) & 1 != 0
  }

  /// How many bits of a chunk are set before the bit `end`.
  private static func count(_ chunk: SharedBytes, before end: UInt64) -> UInt64 {
    let bytes = chunk.span
    var (count, position) = (0, 0)
    let words = Int(end >> 6)
    while position < words {
      count += ((try? bytes.load(UInt64.self, at: 8 * position)) ?? 0).nonzeroBitCount
      position += 1
    }
    let rest = end & 63
    if rest > 0, let word = try? bytes.load(UInt64.self, at: 8 * words) {
      count += (word & (1 << rest - 1)).nonzeroBitCount
    }
    return UInt64(count)
  }

  private var chunkCount: UInt64 { (endFrame + Self.chunkPages - 1) / Self.chunkPages }

  /// How many pages in front of `frame` are in the file, or in other files of a split dump.
  private func rank(of frame: UInt64) throws(CrashImageError) -> UInt64 {
    if ranks.isEmpty {
      var ranks: [UInt64] = []
      var total: UInt64 = 0
      for number in 0..<chunkCount {
        ranks.append(total)
        let end = min(Self.chunkPages, endFrame - number * Self.chunkPages)
        total += Self.count(try chunk(maps.stored, number), before: end)
      }
      self.ranks = ranks + [total]
    }
    let number = frame / Self.chunkPages
    guard number < chunkCount else { return ranks.last ?? 0 }
    let before = Self.count(try chunk(maps.stored, number), before: frame % Self.chunkPages)
    return ranks[Int(number)] + before
  }

  /// The page with the number `frame`.
  func page(_ frame: UInt64) throws(CrashImageError) -> SharedBytes {
    guard frame < endFrame, part.contains(frame), try isSet(frame, in: maps.memory),
      try isSet(frame, in: maps.stored)
    else { throw .notInDump(physical: frame << 12) }
    typealias Descriptor = CompressedLayout.Descriptor
    let first = part.lowerBound == 0 ? 0 : try rank(of: part.lowerBound)
    let index = try rank(of: frame) - first
    let place = descriptors + index * UInt64(Descriptor.size)
    guard place + UInt64(Descriptor.size) <= file.byteCount else {
      throw .notInDump(physical: frame << 12)
    }
    let bytes = try file.range(at: place, count: Descriptor.size)
    guard let offset = try? bytes.span.load(Descriptor.offset),
      let size = try? bytes.span.load(Descriptor.byteCount),
      let flags = try? bytes.span.load(Descriptor.flags)
    else { throw .badDescriptor(offset: place) }
    // Writers that did not get so far have left zeros.
    guard offset != 0 || size != 0 else { throw .notInDump(physical: frame << 12) }
    guard size > 0, size <= 8192 else { throw .badDescriptor(offset: place) }
    guard offset != 0, offset < file.byteCount, UInt64(size) <= file.byteCount - offset else {
      throw .notInDump(physical: frame << 12)
    }
    let data = try file.range(at: offset, count: Int(size))
    guard flags & CompressedLayout.compressionFlags != 0 else {
      guard size == 4096 else { throw .badDescriptor(offset: place) }
      return data
    }
    guard let compression = CompressedLayout.compression(of: flags) else {
      // What does not become smaller is not compressed; kdumpling leaves the flag of snappy there.
      guard size < 4096 else { return try data.part(0..<4096) }
      throw .otherCompression(UInt64(flags))
    }
    guard let page = decompressor.decompress(data, compression, count: 4096) else {
      throw .badPage(offset: offset, physical: frame << 12)
    }
    return page
  }

  /// Pages from `physical` on that are in the file, at most `count` bytes.
  func run(at physical: UInt64, count: Int) throws(CrashImageError) -> SharedBytes {
    let skipped = Int(physical & 4095)
    let first = try page(physical >> 12)
    if skipped + count <= 4096 { return try first.part(skipped..<(skipped + count)) }
    var bytes = first.array
    var frame = physical >> 12 + 1
    while bytes.count < skipped + count, let next = try? page(frame) {
      bytes += next.array
      frame += 1
    }
    return try SharedBytes(bytes).part(skipped..<min(bytes.count, skipped + count))
  }

  /// Where the file must end at the earliest, by the second map and the descriptors.
  var leastByteCount: UInt64 {
    guard let first = try? rank(of: min(part.lowerBound, endFrame)),
      let last = try? rank(of: min(part.upperBound, endFrame)), first <= last
    else { return descriptors }
    let size = UInt64(CompressedLayout.Descriptor.size)
    let tableEnd = descriptors + (last - first) * size
    guard tableEnd <= file.byteCount else { return tableEnd }
    // Pages lie in the file in their order, but all those of zeros are one of the first.
    var (end, rest) = (tableEnd, last - first)
    while rest > 0, end <= tableEnd + 8192 {
      let count = min(rest, 2048)
      rest -= count
      guard let bytes = try? file.bytes(at: descriptors + rest * size, count: Int(count * size))
      else { break }
      for base in stride(from: 0, to: bytes.count, by: Int(size)) {
        guard
          let offset = try? bytes.span.load(CompressedLayout.Descriptor.offset, base: base),
          let count = try? bytes.span.load(CompressedLayout.Descriptor.byteCount, base: base)
        else { continue }
        let (pageEnd, overflow) = offset.addingReportingOverflow(UInt64(count))
        if !overflow { end = max(end, pageEnd) }
      }
    }
    return end
  }

  /// How many pages are RAM.
  func frameCount() throws(CrashImageError) -> UInt64 {
    var total: UInt64 = 0
    for number in 0..<chunkCount {
      let end = min(Self.chunkPages, endFrame - number * Self.chunkPages)
      total += Self.count(try chunk(maps.memory, number), before: end)
    }
    return total
  }

  /// Sets `marks` to 1 for each page from `first` on that is RAM.
  ///
  /// - Returns: whether there is any.
  func mark(from first: UInt64, in marks: inout [UInt8]) throws(CrashImageError) -> Bool {
    var isAny = false
    for index in marks.indices where first + UInt64(index) < endFrame {
      guard try isSet(first + UInt64(index), in: maps.memory) else { continue }
      marks[index] = 1
      isAny = true
    }
    return isAny
  }

  /// The first page of RAM at or behind `frame`, also one that is not in the file; nil when there is none.
  func memory(from frame: UInt64) throws(CrashImageError) -> UInt64? {
    try first(from: frame, in: maps.memory)
  }

  /// The first page at or behind `frame` that is in the file; nil when there is none.
  func stored(from frame: UInt64) throws(CrashImageError) -> UInt64? {
    let found = try first(from: max(frame, part.lowerBound), in: maps.stored)
    return found.flatMap { $0 < part.upperBound ? $0 : nil }
  }

  /// The page number behind the last of those that are in the file, from `frame` on, which is one of them.
  func storedEnd(from frame: UInt64) throws(CrashImageError) -> UInt64 {
    min(try first(from: frame, in: maps.stored, inverted: .max) ?? endFrame, part.upperBound)
  }

  private func first(
    from frame: UInt64, in map: UInt64, inverted: UInt64 = 0
  ) throws(CrashImageError) -> UInt64? {
    var frame = frame
    while frame < endFrame {
      let bytes = try chunk(map, frame / Self.chunkPages)
      let bit = frame % Self.chunkPages
      let word = (try? bytes.span.load(UInt64.self, at: Int(bit >> 6) * 8)) ?? 0
      let rest = (word ^ inverted) >> (bit & 63)
      if rest != 0 {
        let found = frame + UInt64(rest.trailingZeroBitCount)
        return found < endFrame ? found : nil
      }
      frame = (frame | 63) + 1
    }
    return nil
  }
}

extension RandomAccessFile {
  /// Bytes of a dump's file.
  func range(at offset: UInt64, count: Int) throws(CrashImageError) -> SharedBytes {
    do {
      return try bytes(at: offset, count: count)
    } catch {
      throw .unreadable(offset: error.offset, errno: error.errno)
    }
  }
}

extension SharedBytes {
  /// A part of what was read from a dump.
  func part(_ range: Range<Int>) throws(CrashImageError) -> SharedBytes {
    do {
      return try slice(range)
    } catch {
      throw .unreadable(offset: UInt64(range.lowerBound), errno: 0)
    }
  }
}
