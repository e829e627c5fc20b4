/// Goes through the pages of a section that belong into a dump, in windows that are read at once.
struct SelectedPages {
  private let words: [UInt64]
  private let firstFrame: UInt64
  private let windowPages: UInt64
  private var bit = 0

  /// Pages between two that are wanted, and that are read with them: a system call takes longer.
  private static let gapLimit = 16

  /// The pages with a bit in `words`; a window has at most `windowPages` pages.
  init(_ words: [UInt64], from firstFrame: UInt64, windowPages: UInt64) {
    self.words = words
    self.firstFrame = firstFrame
    self.windowPages = windowPages
  }

  /// Whether `frame`, a page of the section, is wanted.
  func contains(_ frame: UInt64) -> Bool {
    let bit = Int(frame - firstFrame)
    return words[bit >> 6] >> UInt64(bit & 63) & 1 != 0
  }

  /// The next window: its first and its last page are wanted; nil at the end.
  mutating func next() -> Range<UInt64>? {
    guard let first = find(from: bit, inverted: 0) else { return nil }
    let limit = first + Int(windowPages)
    var end = find(from: first, inverted: .max) ?? (words.count << 6)
    while end < limit, let next = find(from: end, inverted: 0), next - end <= Self.gapLimit,
      next < limit
    {
      end = find(from: next, inverted: .max) ?? (words.count << 6)
    }
    bit = min(end, limit)
    return (firstFrame + UInt64(first))..<(firstFrame + UInt64(bit))
  }

  /// The first bit from `start` on that is 1, or 0 when `inverted` has all bits.
  private func find(from start: Int, inverted: UInt64) -> Int? {
    var index = start >> 6
    guard index < words.count else { return nil }
    var word = (words[index] ^ inverted) & (UInt64.max << UInt64(start & 63))
    while word == 0 {
      index += 1
      guard index < words.count else { return nil }
      word = words[index] ^ inverted
    }
    return index << 6 + word.trailingZeroBitCount
  }
}
