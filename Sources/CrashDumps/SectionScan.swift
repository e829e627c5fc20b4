internal import ByteCoding

/// The loop over the struct pages of one section.
struct SectionScan {
  let layout: PageLayout
  let level: DumpLevel
  let rules: RuleSet
  let firstFrame: UInt64
  let count: Int
  let findsLists: Bool
  var mapStart: UInt64 = 0
  var mapEnd: UInt64 = 0

  private(set) var freeFound: UInt64 = 0
  private(set) var badOrders: UInt64 = 0
  /// A block that reaches behind the section: its end and its class.
  private(set) var open: (end: UInt64, kind: UInt8) = (0, 1)
  /// Heads of lists of free pages, outside the memory map.
  var heads: [UInt64] = []

  init(
    layout: PageLayout, level: DumpLevel, rules: RuleSet, firstFrame: UInt64, count: Int,
    findsLists: Bool
  ) {
    self.layout = layout
    self.level = level
    self.rules = rules
    self.firstFrame = firstFrame
    self.count = count
    self.findsLists = findsLists
  }

  /// The largest compound page, of 1 GiB.
  private static let largestOrder: UInt64 = 18
  /// Bits of flags that are no flags, but the page's section, node and zone, are above these.
  private static let flagBits: UInt64 = (1 << 21) - 1
  /// More heads than any computer has lists: something else was taken for one.
  private static let headLimit = 1 << 16

  /// Gives the pages in `range` that are memory and have no class yet the class `kind`.
  static func fill(_ classes: inout [UInt8], _ range: Range<Int>, _ kind: UInt8) {
    for index in range where classes[index] == 1 { classes[index] = kind }
  }

  /// Classifies the pages from `start` on. `classes` has 1 for each page that is memory.
  mutating func run(_ structs: RawSpan, from start: Int, _ classes: inout [UInt8]) {
    do {
      try scan(structs, from: start, &classes)
    } catch {
      // The caller has read as many bytes as the loop looks at.
    }
  }

  private mutating func scan(
    _ structs: RawSpan, from start: Int, _ classes: inout [UInt8]
  ) throws(OutOfBounds) {
    let size = layout.size
    let (isFreeWanted, isUserWanted) = (level.contains(.free), level.contains(.user))
    let isAllCacheWanted = level.contains(.allCache)
    let isCacheWanted = level.contains(.cache) || isAllCacheWanted
    let excludesCache = isCacheWanted && rules.allows(.cache)
    let excludesPrivate = isAllCacheWanted && rules.allows(.privateCache)
    let excludesUser = isUserWanted && rules.allows(.user)
    let freeKind = (isFreeWanted && rules.allows(.free) ? PageClass.free : .kept).rawValue
    let seeksLists = findsLists && isFreeWanted && layout.list >= 0
    var index = start
    while index < count {
      let base = index * size
      if try structs.load(UInt64.self, at: base + layout.compound) & 1 != 0 {
        index += 1
        continue
      }
      let flags = try structs.load(UInt64.self, at: base + layout.flags)
      let mapCount = try structs.load(UInt32.self, at: base + layout.mapCount)
      let isSlab = layout.slab.map { mapCount == $0 } ?? (flags & layout.slabFlag != 0)
      if mapCount == layout.buddy, !isSlab {
        let order = try structs.load(UInt64.self, at: base + layout.privateWord)
        if order < UInt64(layout.orderLimit), (firstFrame + UInt64(index)) & ((1 << order) - 1) == 0
        {
          freeFound += 1 << order
          index = take(index, order, freeKind, &classes)
          continue
        }
        badOrders += 1
        index += 1
        continue
      }
      let mapping = try structs.load(UInt64.self, at: base + layout.mapping)
      if seeksLists, flags & Self.flagBits == 0, mapping == 0, mapCount == .max {
        try noteHeads(structs, base)
      }
      var kind = PageClass.kept
      let isAnonymous = mapping & 1 != 0 && !isSlab && layout.isSlabKnown
      let isCache =
        !isAnonymous
        && (flags & layout.lru != 0
          || layout.swapped != 0 && flags & layout.swapped == layout.swapped)
      var order: UInt64 = 0
      var isHuge = false
      if flags & layout.head != 0, index + 1 < count {
        (order, isHuge) = try compound(structs, base, mapCount, index)
      }
      if mapCount == layout.unaccepted, isFreeWanted, rules.allows(.unaccepted) {
        kind = .unaccepted
        order = UInt64(max(layout.orderLimit - 1, 0))
      } else if layout.hasTypeByte, !isHuge, layout.isUnknownType(mapCount) {
        // A type that this program does not know.
      } else if excludesCache, isCache, flags & layout.privateFlag == 0 {
        kind = .cache
      } else if excludesPrivate, isCache, flags & layout.privateFlag != 0 {
        kind = .privateCache
      } else if excludesUser, isAnonymous || isHuge {
        kind = .user
      } else if flags & layout.poison != 0, rules.allows(.poisoned) {
        kind = .poisoned
      } else if mapCount == layout.offline, !isSlab, rules.allows(.offline) {
        kind = .offline
      }
      index = kind == .kept ? index + 1 : take(index, order, kind.rawValue, &classes)
    }
  }

  /// Gives the block of 2 to the power of `order` pages at `index` the class `kind`.
  ///
  /// - Returns: the index behind it, at most `count`.
  private mutating func take(
    _ index: Int, _ order: UInt64, _ kind: UInt8, _ classes: inout [UInt8]
  ) -> Int {
    let end = index + 1 << Int(order)
    if end > count { open = (firstFrame + UInt64(end), kind) }
    let last = min(end, count)
    if kind > PageClass.kept.rawValue { Self.fill(&classes, index..<last, kind) }
    return last
  }

  /// The order of the compound page whose head is at `base`, and whether it is of hugetlbfs.
  private func compound(
    _ structs: RawSpan, _ base: Int, _ mapCount: UInt32, _ index: Int
  ) throws(OutOfBounds) -> (order: UInt64, isHuge: Bool) {
    let tail = base + layout.size
    var order: UInt64 = 0
    if let offset = layout.order {
      order = UInt64(try structs.load(UInt8.self, at: tail + offset))
    }
    let isHuge: Bool
    switch layout.hugeTest {
    case .type(let type): isHuge = mapCount == type
    case .flag(let flag):
      isHuge = try structs.load(UInt64.self, at: tail + layout.flags) & flag != 0
    case .destructor(let offset, let value):
      isHuge = UInt64(try structs.load(UInt8.self, at: tail + offset)) == value
    case .unknown: isHuge = false
    }
    let frame = firstFrame + UInt64(index)
    let isPossible = order <= Self.largestOrder && frame & ((1 << order) - 1) == 0
    return (isPossible ? order : 0, isHuge)
  }

  /// Free pages of a processor's own list look like this. Where such a page's neighbour is no page, it is the head.
  private mutating func noteHeads(_ structs: RawSpan, _ base: Int) throws(OutOfBounds) {
    let next = try structs.load(UInt64.self, at: base + layout.list)
    if next < mapStart || next >= mapEnd { noteHead(next) }
    let previous = try structs.load(UInt64.self, at: base + layout.list + 8)
    if previous < mapStart || previous >= mapEnd { noteHead(previous) }
  }

  private mutating func noteHead(_ address: UInt64) {
    guard address & 7 == 0, address >> 47 != 0, heads.count < Self.headLimit,
      !heads.contains(address)
    else { return }
    heads.append(address)
  }
}

extension PageLayout {
  /// Whether `mapCount` has a type in its top byte that VMCOREINFO does not tell. Pages without a type have 0xFF there.
  func isUnknownType(_ mapCount: UInt32) -> Bool {
    let type = mapCount >> 24
    return type >= 0xF0 && type != 0xFF && knownTypes & (1 << (type & 15)) == 0
  }
}
