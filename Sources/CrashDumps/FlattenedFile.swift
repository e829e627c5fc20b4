package import ByteCoding

/// The file inside a flattened one, which makedumpfile -F writes where it cannot seek: a head, and records of an offset,
/// a size, and bytes for that place. All numbers are big-endian.
///
/// Records may come in any order, and a later one replaces what an earlier one has written.
package struct FlattenedFile {
  /// The file inside.
  package let file: RandomAccessFile
  /// Whether the record is there that ends the file.
  package let isComplete: Bool

  private typealias Layout = FlattenedLayout

  /// More records than a writer makes of the largest computer's memory: 32 MiB of them.
  private static let recordLimit = 1 << 20

  /// Bytes of the file inside, and where they are.
  private struct Extent: Sendable {
    var start: UInt64
    var end: UInt64
    var source: UInt64
  }

  /// Whether `file` is a flattened one.
  package static func isRecognised(_ file: RandomAccessFile) -> Bool {
    guard let start = try? file.bytes(at: 0, count: 8) else { return false }
    return (try? start.span.load(UInt64.self, at: 0)) == Layout.magicValue
  }

  /// Reads the records' places and sizes.
  package init(_ outer: RandomAccessFile) throws(CrashImageError) {
    var extents: [Extent] = []
    var position = UInt64(Layout.headSize)
    var isComplete = false
    while position + UInt64(Layout.recordSize) <= outer.byteCount {
      let record = try outer.range(at: position, count: Layout.recordSize)
      guard let first = try? record.span.load(Layout.recordOffset).byteSwapped,
        let second = try? record.span.load(Layout.recordCount).byteSwapped
      else { break }
      if first == .max, second == .max {
        isComplete = true
        break
      }
      let source = position + UInt64(Layout.recordSize)
      guard first < 1 << 62, second < 1 << 62 else { throw .badRecord(offset: position) }
      let available = min(second, outer.byteCount - source)
      if available > 0 {
        guard extents.count < Self.recordLimit else { throw .badRecord(offset: position) }
        extents.append(Extent(start: first, end: first + available, source: source))
      }
      guard available == second else { break }
      position = source + second
    }
    self.isComplete = isComplete
    let disjoint = Self.disjoint(extents)
    let size = disjoint.last?.end ?? 0
    file = RandomAccessFile(byteCount: size) { (offset, count) throws(ReadFailure) in
      try Self.read(outer, disjoint, offset, count)
    }
  }

  /// Extents in ascending order, without what later ones have replaced.
  private static func disjoint(_ extents: [Extent]) -> [Extent] {
    // Their order of writing is that of their places in the file.
    let sorted = extents.sorted { $0.start }
    var result: [Extent] = []
    var index = 0
    while index < sorted.count {
      var cluster = [sorted[index]]
      var end = sorted[index].end
      index += 1
      while index < sorted.count, sorted[index].start < end {
        cluster.append(sorted[index])
        end = max(end, sorted[index].end)
        index += 1
      }
      guard cluster.count > 1 else {
        result += cluster
        continue
      }
      var painted: [Extent] = []
      for extent in cluster.sorted(by: { $0.source }) {
        var rest: [Extent] = []
        for old in painted {
          if old.start < extent.start {
            var head = old
            head.end = min(old.end, extent.start)
            rest.append(head)
          }
          if old.end > extent.end {
            var tail = old
            tail.start = max(old.start, extent.end)
            tail.source += tail.start - old.start
            rest.append(tail)
          }
        }
        painted = rest + [extent]
      }
      result += painted.sorted { $0.start }
    }
    return result
  }

  private static func read(
    _ outer: RandomAccessFile, _ extents: [Extent], _ offset: UInt64, _ count: Int
  ) throws(ReadFailure) -> SharedBytes {
    let end = offset + UInt64(count)
    var index = extents.partition { $0.end > offset }
    if index < extents.count, extents[index].start <= offset, extents[index].end >= end {
      return try outer.bytes(
        at: extents[index].source + (offset - extents[index].start), count: count)
    }
    // What no record has written is zero, as in a file with holes.
    var bytes = [UInt8](repeating: 0, count: count)
    while index < extents.count, extents[index].start < end {
      let extent = extents[index]
      let (start, stop) = (max(extent.start, offset), min(extent.end, end))
      let part = try outer.bytes(
        at: extent.source + (start - extent.start), count: Int(stop - start))
      bytes.store(part.array, at: Int(start - offset))
      index += 1
    }
    return SharedBytes(bytes)
  }
}
