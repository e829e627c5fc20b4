internal import CrashDumps

/// How the memory of a dump is cut into the PT_LOADs of an ELF file: each begins with pages that are in the file, and ends
/// with pages that are not.
struct ELFSegments {
  /// A PT_LOAD, in page numbers.
  struct Segment: Equatable {
    let start: UInt64
    /// Behind the last page that is in the file.
    var storedEnd: UInt64
    /// Behind the last page of RAM.
    var end: UInt64

    /// Pages in the file.
    var storedCount: UInt64 { storedEnd - start }
  }

  /// Ascending, and with gaps between them only where there is no RAM.
  private(set) var segments: [Segment] = []
  /// Pages of RAM that are added next belong to it.
  private var open: Segment?
  /// Runs of so many pages that are left out end a segment. Shorter ones are in the file, as zeros.
  private let cutLength: UInt64

  /// Cuts at runs of `cutLength` pages.
  init(cutLength: UInt64) {
    self.cutLength = cutLength
  }

  /// Adds the pages from `frame` on: those with a bit in `memory` are RAM, those with one in `stored` belong into the file.
  mutating func append(memory: [UInt64], stored: [UInt64], from frame: UInt64) {
    let count = memory.count << 6
    var position = 0
    while position < count {
      let isMemory = Self.bit(memory, position)
      let isStored = isMemory && Self.bit(stored, position)
      var end = Self.end(memory, position, isMemory)
      if isMemory { end = min(end, Self.end(stored, position, isStored)) }
      let range = (frame + UInt64(position))..<(frame + UInt64(end))
      if isMemory { add(range, isStored: isStored) } else { close() }
      position = end
    }
  }

  /// Ends the last segment.
  mutating func close() {
    if let open { segments.append(open) }
    open = nil
  }

  private mutating func add(_ range: Range<UInt64>, isStored: Bool) {
    guard var segment = open, segment.end == range.lowerBound else {
      close()
      let end = range.upperBound
      open = Segment(
        start: range.lowerBound, storedEnd: isStored ? end : range.lowerBound, end: end)
      return
    }
    if isStored, range.lowerBound - segment.storedEnd >= cutLength {
      close()
      open = Segment(start: range.lowerBound, storedEnd: range.upperBound, end: range.upperBound)
      return
    }
    if isStored { segment.storedEnd = range.upperBound }
    segment.end = range.upperBound
    open = segment
  }

  private static func bit(_ words: [UInt64], _ index: Int) -> Bool {
    index >> 6 < words.count && words[index >> 6] >> UInt64(index & 63) & 1 != 0
  }

  /// The first index behind `start` whose bit is not `value`; the end if there is none.
  private static func end(_ words: [UInt64], _ start: Int, _ value: Bool) -> Int {
    let inverted: UInt64 = value ? .max : 0
    var index = start >> 6
    var mask = UInt64.max << UInt64(start & 63)
    while index < words.count {
      let word = (words[index] ^ inverted) & mask
      if word != 0 { return index << 6 + word.trailingZeroBitCount }
      mask = .max
      index += 1
    }
    return value ? words.count << 6 : .max >> 1
  }
}
