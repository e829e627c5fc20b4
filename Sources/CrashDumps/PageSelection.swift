internal import ByteCoding

/// Which pages belong into a dump, as a `Classification` has decided, section by section in ascending order.
///
/// It can be gone through as often as one likes, and needs as much memory as the struct pages of one section.
package final class PageSelection {
  /// The page number of the first bit of `words`.
  package private(set) var firstFrame: UInt64 = 0
  /// A bit for each page of the section, from the lowest of the first word on: 1 where the page belongs into the dump.
  package private(set) var words: [UInt64] = []
  /// Free pages on lists of processors that were left out in the first pass.
  package private(set) var leftOutPerCPU: UInt64 = 0
  /// Whether all sections were the same in each pass. They are not when a medium can be read once and not again.
  package private(set) var isSame = true

  private let image: CrashImage
  private let level: DumpLevel
  private let rules: RuleSet
  /// Free pages on lists of processors, ascending.
  private let perCPU: [Range<UInt64>]
  /// What the classification has remembered; nil if that was too much, or nothing is classified.
  private let remembered: KeptPages?
  private var nextRemembered = 0
  private var classifier: PageClassifier?
  /// Where pages begin that the classifier knows nothing of.
  private var unclassified: UInt64 = 0
  private var marks: [UInt8] = []

  /// What the first pass has found of each section: its first page, how many words it has, and their hash.
  private var sections: [(frame: UInt64, count: Int, hash: UInt64)] = []
  /// The words of all sections, as long as they are few.
  private var kept: [UInt64] = []
  private var isFirst = true
  /// The number of the next section, and where its words are in `kept`.
  private var number = 0
  private var position = 0

  /// Words that are remembered: 1 MiB, for 32 GiB of memory without gaps.
  private static let keptLimit = 131_072
  /// Pages of a section where nothing is classified.
  private static let sectionPages: UInt64 = 32_768

  /// What `classification` has decided for `image`.
  ///
  /// `leavesOutPerCPU` says whether free pages on lists of processors are left out, where the level leaves out free
  /// pages: `Classification` counts them among the kept ones.
  package init(
    _ image: CrashImage, _ classification: Classification, leavesOutPerCPU: Bool
  ) throws(CrashImageError) {
    self.image = image
    level = classification.level
    rules = classification.rules
    perCPU = leavesOutPerCPU && level.contains(.free) ? classification.perCPUFrames : []
    let keepsAll = rules.isEmpty || classification.keptPages.isTooLarge
    remembered = keepsAll ? nil : classification.keptPages
    try start()
  }

  /// Starts again in front of the first section; the first pass must have come to its end.
  package func restart() throws(CrashImageError) {
    isFirst = false
    (number, position) = (0, 0)
    if kept.count > Self.keptLimit { kept = [] }
    if kept.isEmpty { try start() }
  }

  /// Goes to the next section that has memory; false when there is none.
  package func next() throws(CrashImageError) -> Bool {
    if !isFirst, !kept.isEmpty {
      guard number < sections.count else { return false }
      let section = sections[number]
      firstFrame = section.frame
      words = Array(kept[position..<(position + section.count)])
      position += section.count
      number += 1
      return true
    }
    let isAny = try find()
    let hash = words.reduce(0) { ($0 ^ $1) &* 0x9E37_79B9_7F4A_7C15 }
    if !isFirst {
      let known = number < sections.count ? sections[number] : (frame: .max, count: 0, hash: 0)
      isSame = isSame && isAny == (number < sections.count)
      if isAny { isSame = isSame && known.frame == firstFrame && known.hash == hash }
      number += 1
    } else if isAny {
      sections.append((firstFrame, words.count, hash))
      if kept.count <= Self.keptLimit { kept += words }
    }
    return isAny
  }

  private func start() throws(CrashImageError) {
    unclassified = 0
    words = []
    nextRemembered = 0
    // Without any rule all pages are kept, whatever is known of them.
    guard !rules.isEmpty, remembered == nil else { return }
    // A rule that would leave out a page of the kernel itself is no longer among them.
    classifier = try PageClassifier(
      image, level: level, rules: rules, protected: [], findsLists: false)
  }

  /// Finds out about the next section that has memory; false when there is none.
  private func find() throws(CrashImageError) -> Bool {
    if let classifier {
      if try classifier.next() {
        let pages = classifier.classes.bits { $0 == PageClass.kept.rawValue }
        try take(pages, from: classifier.firstFrame, count: UInt64(classifier.classes.count))
        return true
      }
      unclassified = classifier.end
      self.classifier = nil
    }
    if let remembered {
      if nextRemembered < remembered.sections.count {
        let section = remembered.sections[nextRemembered]
        let pages = remembered.words(of: nextRemembered)
        nextRemembered += 1
        try take(pages, from: section.firstFrame, count: section.pageCount)
        return true
      }
      unclassified = max(unclassified, remembered.end)
    }
    guard let first = try image.memory.memory(from: unclassified) else { return false }
    if marks.isEmpty { marks = Array(repeating: 0, count: Int(Self.sectionPages)) }
    firstFrame = max(unclassified, first & ~63)
    unclassified = firstFrame + Self.sectionPages
    _ = try image.memory.markMemory(from: firstFrame, in: &marks)
    words = marks.bits { $0 == 1 }
    try leaveOutMissing()
    return true
  }

  /// Takes the next section that was classified.
  private func take(
    _ kept: [UInt64], from firstFrame: UInt64, count: UInt64
  ) throws(CrashImageError) {
    self.firstFrame = firstFrame
    words = kept
    leaveOutPerCPU()
    try leaveOutMissing()
    unclassified = firstFrame + count
  }

  private func leaveOutPerCPU() {
    let end = firstFrame + UInt64(words.count << 6)
    var index = perCPU.partition { $0.upperBound > firstFrame }
    while index < perCPU.count, perCPU[index].lowerBound < end {
      let range = perCPU[index].clamped(to: firstFrame..<end)
      let bits = Int(range.lowerBound - firstFrame)..<Int(range.upperBound - firstFrame)
      let count = clear(bits)
      if isFirst { leftOutPerCPU += count }
      index += 1
    }
  }

  /// Clears the bits of pages that the file does not have: another dump has left them out.
  private func leaveOutMissing() throws(CrashImageError) {
    let memory = image.memory
    let end = firstFrame + UInt64(words.count << 6)
    var frame = firstFrame
    while frame < end {
      let stored = min(try memory.stored(from: frame) ?? end, end)
      if stored > frame { clear(Int(frame - firstFrame)..<Int(stored - firstFrame)) }
      guard stored < end else { return }
      frame = min(try memory.storedEnd(from: stored), end)
    }
  }

  /// Clears these bits.
  ///
  /// - Returns: how many of them were set.
  @discardableResult
  private func clear(_ bits: Range<Int>) -> UInt64 {
    var count = 0
    var bit = bits.lowerBound
    while bit < bits.upperBound {
      let last = min((bit | 63) + 1, bits.upperBound)
      let mask = (UInt64.max << UInt64(bit & 63)) & (UInt64.max >> UInt64(63 - (last - 1) & 63))
      count += (words[bit >> 6] & mask).nonzeroBitCount
      words[bit >> 6] &= ~mask
      bit = last
    }
    return UInt64(count)
  }
}
