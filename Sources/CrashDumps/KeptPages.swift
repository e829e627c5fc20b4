/// The pages that a classification keeps, remembered as long as they are few, so that nobody need classify them again.
struct KeptPages: Equatable {
  /// Neighbouring pages that were classified at once.
  struct Section: Equatable {
    /// The first page.
    let firstFrame: UInt64
    /// How many there are.
    let pageCount: UInt64
    /// Where their words start.
    let start: Int
  }

  /// The sections, ascending.
  private(set) var sections: [Section] = []
  /// A bit for each page of all sections, each of which starts with a word: 1 where the page is kept.
  private var words: [UInt64] = []
  /// Where pages begin that the classifier knows nothing of.
  var end: UInt64 = 0
  /// Whether there were too many.
  private(set) var isTooLarge = false

  /// Words that are remembered: 1 MiB, for 32 GiB of memory without gaps.
  private static let limit = 131_072

  /// Adds the next section.
  mutating func append(_ classes: [UInt8], from firstFrame: UInt64) {
    guard !isTooLarge else { return }
    let section = classes.bits { $0 == PageClass.kept.rawValue }
    guard words.count + section.count <= Self.limit else {
      self = KeptPages(isTooLarge: true)
      return
    }
    sections.append(
      Section(firstFrame: firstFrame, pageCount: UInt64(classes.count), start: words.count))
    words += section
  }

  /// The words of the section `number`.
  func words(of number: Int) -> [UInt64] {
    let end = number + 1 < sections.count ? sections[number + 1].start : words.count
    return Array(words[sections[number].start..<end])
  }

  init() {}

  private init(isTooLarge: Bool) { self.isTooLarge = isTooLarge }
}

extension [UInt8] {
  /// A bit for each element, from the lowest of the first word on: 1 where `isSet`.
  func bits(_ isSet: (UInt8) -> Bool) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: (count + 63) >> 6)
    for index in words.indices {
      var word: UInt64 = 0
      let start = index << 6
      for bit in 0..<Swift.min(64, count - start) where isSet(self[start + bit]) {
        word |= 1 << UInt64(bit)
      }
      words[index] = word
    }
    return words
  }
}
