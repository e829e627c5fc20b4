internal import ByteCoding

/// How many pages of a crashed kernel's memory are in which class, and what speaks for and against it.
package struct Classification: Equatable, Sendable {
  /// What was noticed, of which none is an error: what is not understood is kept.
  package enum Finding: Equatable, Sendable {
    /// Nothing is known of the kernel, so that all pages are kept.
    case noMemoryMap(CrashImageError)
    /// Sections of memory have their struct pages elsewhere than SYMBOL(vmemmap) or the others, and are kept.
    case strangeSections(Int)
    /// Free pages were found that the kernel has not counted, or the other way round: all pages are kept.
    case otherFreeCount(found: UInt64, counted: UInt64)
    /// The kernel's counter of free pages cannot be read, so the classes are not confirmed by it.
    case noFreeCount(CrashImageError)
    /// Pages of the kernel itself would have been in the class: nothing is in it any more.
    case ruleDropped(PageClass, pages: UInt64)
    /// The parts of the kernel's image are not known, so they do not confirm the classes.
    case noKernelSymbols
    /// Pages of RAM without a struct page, which are kept.
    case pagesWithoutStruct(UInt64)
    /// Bytes of the memory map that could not be read: their pages are kept.
    case unreadableMemoryMap(UInt64)
    /// Free pages of an order that cannot be, which are kept.
    case badOrders(UInt64)
    /// VMCOREINFO does not say what makes a page one of the class: nothing is in it.
    case classUnknown(PageClass)
  }

  /// What was asked for.
  package let level: DumpLevel
  /// How many pages there are of each class, by its raw value.
  package private(set) var tally: PageTally
  /// Pages of zeros among the kept ones; nil when they were not counted.
  package private(set) var zeroPages: UInt64?
  /// The kernel's own number of free pages; nil when it cannot be read.
  package private(set) var freeCounter: UInt64?
  /// Free pages on lists of processors, which are among the kept ones.
  package private(set) var perCPUFree: UInt64 = 0
  /// What was noticed.
  package private(set) var findings: [Finding] = []
  /// Free pages on lists of processors, ascending and disjoint.
  private(set) var perCPUFrames: [Range<UInt64>] = []
  /// The pages that are kept.
  private(set) var keptPages = KeptPages()
  private let countsZeros: Bool
  /// The classes that are left out.
  package private(set) var rules = RuleSet.all

  /// Classifies all pages of `image`.
  ///
  /// Pages of zeros are counted if the level asks for them, and `countsZeros`: for that all kept pages are read. Whoever
  /// writes them finds out anyway.
  package init(
    _ image: CrashImage, level: DumpLevel, countsZeros: Bool = true
  ) throws(CrashImageError) {
    self.level = level
    self.countsZeros = countsZeros && level.contains(.zero)
    tally = PageTally()
    let map: MemoryMap
    do throws(CrashImageError) {
      try image.requirePaging()
      map = try MemoryMap(image.information)
      noteUnknownClasses(try PageLayout(image.information, size: map.structSize))
    } catch {
      try keepAll(of: image, because: .noMemoryMap(error))
      return
    }
    let protected = ProtectedMemory(image, map)
    if !protected.hasImage { findings.append(.noKernelSymbols) }
    var counter: FreePageCounter?
    do throws(CrashImageError) {
      counter = try FreePageCounter(image)
    } catch {
      findings.append(.noFreeCount(error))
    }
    freeCounter = counter?.pages
    while true {
      let classifier = try PageClassifier(
        image, level: level, rules: rules, protected: protected.frames,
        findsLists: level.contains(.free))
      var zeros: UInt64 = 0
      keptPages = KeptPages()
      while try classifier.next() {
        keptPages.append(classifier.classes, from: classifier.firstFrame)
        if self.countsZeros { zeros += try image.memory.zeroPages(in: classifier) }
      }
      keptPages.end = classifier.end
      tally = classifier.tally
      if self.countsZeros { zeroPages = zeros }
      let dropped = PageClass.allCases.filter { tally.violations[Int($0.rawValue)] > 0 }
      for kind in dropped {
        findings.append(.ruleDropped(kind, pages: tally.violations[Int(kind.rawValue)]))
        rules = rules.without(kind)
      }
      guard dropped.isEmpty else { continue }
      if let counter, !counter.agrees(with: tally.freeFound, processors: image.processorCount) {
        let finding = Finding.otherFreeCount(found: tally.freeFound, counted: counter.pages)
        try keepAll(of: image, because: finding)
        return
      }
      noteFaults(classifier)
      if level.contains(.free) {
        let lists = PerCPULists(heads: classifier.listHeads, of: classifier)
        perCPUFree = lists.pageCount
        perCPUFrames = lists.frames(without: protected.frames)
      }
      return
    }
  }

  /// Counts all pages as kept.
  private mutating func keepAll(
    of image: CrashImage, because finding: Finding
  ) throws(CrashImageError) {
    findings.append(finding)
    rules = []
    keptPages = KeptPages()
    let found = tally.freeFound
    tally = PageTally()
    tally.freeFound = found
    tally.counts[Int(PageClass.kept.rawValue)] = image.frameCount
    if countsZeros { zeroPages = try image.memory.zeroPages() }
  }

  private mutating func noteFaults(_ classifier: PageClassifier) {
    if classifier.map.strangeSections > 0 {
      findings.append(.strangeSections(classifier.map.strangeSections))
    }
    if tally.pagesWithoutStruct > 0 {
      findings.append(.pagesWithoutStruct(tally.pagesWithoutStruct))
    }
    if tally.unreadableStructBytes > 0 {
      findings.append(.unreadableMemoryMap(tally.unreadableStructBytes))
    }
    if tally.badOrders > 0 { findings.append(.badOrders(tally.badOrders)) }
  }

  private mutating func noteUnknownClasses(_ layout: PageLayout) {
    if level.contains(.free), layout.buddy == nil || layout.orderLimit == 0 {
      findings.append(.classUnknown(.free))
    }
    if level.contains(.cache) || level.contains(.allCache), layout.lru == 0 {
      findings.append(.classUnknown(.cache))
    }
    if level.contains(.user), !layout.isSlabKnown { findings.append(.classUnknown(.user)) }
  }
}
