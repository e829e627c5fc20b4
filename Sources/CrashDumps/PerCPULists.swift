internal import ByteCoding

/// Free pages that processors keep on lists of their own. They are neither in the free areas nor in the counter of free
/// pages, and their struct pages do not say that they are free.
///
/// The lists are found without symbols. A list's head is no struct page; where the neighbour of a page is none, it is
/// one. Each processor has an array of them for each zone, three for each order, and the last ones are for huge pages.
/// An array counts only if one of the words in front of it is the number of pages on its lists.
struct PerCPULists {
  /// Blocks on the lists: the first page, and the order.
  private(set) var blocks: [(frame: UInt64, order: UInt64)] = []
  /// Pages in all blocks.
  private(set) var pageCount: UInt64 = 0
  /// Arrays of lists that were found.
  private(set) var arrayCount = 0

  private struct Links {
    let next: UInt64
    let previous: UInt64
  }

  private static let headSize: UInt64 = 16
  /// More lists than an array has.
  private static let arrayLimit = 24
  /// Blocks that are remembered: 16 MiB.
  private static let blockLimit = 1 << 20
  /// The number of pages is this close in front of the lists.
  private static let countReach: UInt64 = 32

  init(heads: [UInt64], of classifier: PageClassifier) {
    var known: [Range<UInt64>] = []
    for head in heads where (4097..<UInt64.max - 4096).contains(head) {
      guard !known.contains(where: { $0.contains(head) }), Self.isHead(head, classifier) else {
        continue
      }
      var (low, high) = (head, head)
      while (head - low) / Self.headSize < Self.arrayLimit,
        Self.isHead(low &- Self.headSize, classifier)
      {
        low -= Self.headSize
      }
      while (high - head) / Self.headSize < Self.arrayLimit,
        Self.isHead(high &+ Self.headSize, classifier)
      {
        high += Self.headSize
      }
      known.append(low..<(high + Self.headSize))
      add(from: low, to: high, classifier)
    }
  }

  /// The pages of all blocks, ascending and disjoint. None if one of them is among `protected`: then something else was
  /// taken for a list.
  func frames(without protected: [Range<UInt64>]) -> [Range<UInt64>] {
    let frames = blocks.map { $0.frame..<($0.frame + 1 << $0.order) }.joined()
    for range in frames {
      let index = protected.partition { $0.upperBound > range.lowerBound }
      if index < protected.count, protected[index].lowerBound < range.upperBound { return [] }
    }
    return frames
  }

  /// Takes the lists whose heads are in that array, if their pages are as many as the kernel has counted.
  private mutating func add(from low: UInt64, to high: UInt64, _ classifier: PageClassifier) {
    var blocks: [(frame: UInt64, order: UInt64)] = []
    var pages: UInt64 = 0
    for (index, head) in stride(from: low, through: high, by: Int(Self.headSize)).enumerated() {
      let order: UInt64 = index < 12 ? UInt64(index) / 3 : 9
      var place = head
      while let links = Self.links(place, classifier), links.next != head {
        guard let frame = classifier.frame(ofListAt: links.next), blocks.count < Self.blockLimit,
          Self.links(links.next, classifier)?.previous == place
        else { return }
        blocks.append((frame, order))
        pages += 1 << order
        place = links.next
      }
    }
    var place = low &- Self.countReach
    while place < low {
      if let count = try? classifier.image.load(UInt32.self, at: place), UInt64(count) == pages {
        arrayCount += 1
        pageCount += pages
        if self.blocks.count + blocks.count <= Self.blockLimit { self.blocks += blocks }
        return
      }
      place += 4
    }
  }

  /// Whether there is the head of a list at `place` that is empty, or whose first and last page point back at it.
  private static func isHead(_ place: UInt64, _ classifier: PageClassifier) -> Bool {
    guard let own = links(place, classifier) else { return false }
    if own.next == place { return own.previous == place }
    return classifier.frame(ofListAt: own.next) != nil
      && classifier.frame(ofListAt: own.previous) != nil
      && links(own.next, classifier)?.previous == place
      && links(own.previous, classifier)?.next == place
  }

  private static func links(_ place: UInt64, _ classifier: PageClassifier) -> Links? {
    if let words = classifier.structWords(at: place) {
      return Links(next: words.0, previous: words.1)
    }
    guard let bytes = try? classifier.image.bytes(at: place, count: Int(headSize)) else {
      return nil
    }
    return Links(
      next: bytes.loadField(Field<UInt64>(0)), previous: bytes.loadField(Field<UInt64>(8)))
  }
}

extension PageClassifier {
  /// The page whose page.lru has the address `place`; nil when there is none.
  func frame(ofListAt place: UInt64) -> UInt64? {
    let size = UInt64(map.structSize)
    guard layout.list >= 0, map.start != 0, place >= map.start &+ UInt64(layout.list) else {
      return nil
    }
    let distance = place - map.start - UInt64(layout.list)
    guard distance % size == 0 else { return nil }
    let frame = distance / size
    return frame < image.memory.endFrame.roundedUp(to: map.sectionPages) ? frame : nil
  }
}
