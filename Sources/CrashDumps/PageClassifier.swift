internal import ByteCoding

/// Says of every page of a crashed kernel's memory what it is, section by section in ascending order.
///
/// It needs as much memory as the struct pages of one section (2 MiB), however much the computer had.
///
/// A block of free pages, or a compound page, has its class from its first page; the pages behind it are not looked at.
package final class PageClassifier {
  /// The page number of the first element of `classes`.
  package private(set) var firstFrame: UInt64 = 0
  /// The `PageClass` of each page of the section, as its raw value.
  package private(set) var classes: [UInt8]
  /// What was noticed so far.
  package private(set) var tally = PageTally()

  let image: CrashImage
  var map: MemoryMap
  let layout: PageLayout
  private let level: DumpLevel
  private let rules: RuleSet
  private let protected: [Range<UInt64>]
  private let findsLists: Bool
  /// The heads of per-CPU lists of free pages, and where their first pages were seen.
  private(set) var listHeads: [UInt64] = []
  private var section: UInt64 = 0
  /// The struct pages of the first sections, for the lists.
  private var windows: [SharedBytes] = []
  private var windowNumbers: [UInt64] = []
  /// A block that reaches into the next section.
  private var open: (end: UInt64, kind: UInt8) = (0, 1)

  /// - Parameters:
  ///   - image: the memory.
  ///   - level: what is left out.
  ///   - rules: the classes that may be left out at all.
  ///   - protected: pages that certainly belong to the kernel, ascending: none of them may be left out.
  ///   - findsLists: whether the heads of per-CPU lists are looked for, which needs more memory.
  /// - Throws: if VMCOREINFO does not tell where the struct pages are, or what is in them.
  init(
    _ image: CrashImage, level: DumpLevel, rules: RuleSet, protected: [Range<UInt64>],
    findsLists: Bool = true
  ) throws(CrashImageError) {
    self.image = image
    self.level = level
    self.rules = rules
    self.protected = protected
    self.findsLists = findsLists
    map = try MemoryMap(image.information)
    layout = try PageLayout(image.information, size: map.structSize)
    classes = Array(repeating: 0, count: Int(map.sectionPages))
  }

  /// The page number behind the last page that can be classified.
  var end: UInt64 { min(image.memory.endFrame, map.sectionLimit * map.sectionPages) }

  /// Classifies the next section that has memory or struct pages; false when there is none.
  package func next() throws(CrashImageError) -> Bool {
    while section * map.sectionPages < end {
      firstFrame = section * map.sectionPages
      let hasMemory = try image.memory.markMemory(from: firstFrame, in: &classes)
      let place = map.structPages(ofSection: section, in: image)
      section += 1
      guard hasMemory || place != nil else {
        // Address spaces have gaps of terabytes.
        guard let next = try image.memory.memory(from: firstFrame) else { continue }
        section = max(section, min(next / map.sectionPages, section + 128))
        continue
      }
      if let place {
        let structs = try structPages(at: place)
        classify(structs)
        if findsLists, windows.count < Self.windowLimit {
          windows.append(structs)
          windowNumbers.append(section - 1)
        }
      } else {
        tally.pagesWithoutStruct += UInt64(classes.reduce(0) { $0 + Int($1) })
      }
      keepProtected()
      for kind in classes { tally.counts[Int(kind)] += 1 }
      return true
    }
    // No kernel has memory behind its last section, but a damaged header can say so.
    let known = tally.counts.reduce(0, +) - tally.count(.notMemory)
    let rest = image.frameCount > known ? image.frameCount - known : 0
    tally.counts[Int(PageClass.kept.rawValue)] += rest
    tally.pagesWithoutStruct += rest
    return false
  }

  /// The struct pages of a section. What cannot be read is filled with ones, which is what tail pages look like:
  /// they are kept.
  private func structPages(at place: UInt64) throws(CrashImageError) -> SharedBytes {
    let size = map.sectionByteCount
    if let all = try? image.run(at: place, count: size), all.count == size { return all }
    var bytes = [UInt8](repeating: 0xFF, count: size)
    var position = 0
    while position < size {
      let address = place &+ UInt64(position)
      if let part = try? image.run(at: address, count: size - position) {
        bytes.replaceSubrange(position..<(position + part.count), with: part.array)
        position += part.count
      } else {
        // To the next page.
        let step = min(4096 - Int(address & 4095), size - position)
        tally.unreadableStructBytes += UInt64(step)
        position += step
      }
    }
    return SharedBytes(bytes)
  }

  private func classify(_ structs: SharedBytes) {
    var scan = SectionScan(
      layout: layout, level: level, rules: rules, firstFrame: firstFrame, count: classes.count,
      findsLists: findsLists)
    scan.heads = listHeads
    scan.mapStart = map.start
    scan.mapEnd = map.start &+ (image.memory.endFrame + map.sectionPages) &* UInt64(map.structSize)
    var index = 0
    if open.end > firstFrame {
      index = Int(min(open.end - firstFrame, UInt64(classes.count)))
      SectionScan.fill(&classes, 0..<index, open.kind)
    }
    scan.run(structs.span, from: index, &classes)
    if scan.open.end > 0 { open = scan.open }
    tally.freeFound += scan.freeFound
    tally.badOrders += scan.badOrders
    listHeads = scan.heads
  }

  /// How many sections' struct pages are remembered: 32 MiB.
  private static let windowLimit = 16

  /// Two words of a struct page that is remembered; nil for all else.
  func structWords(at virtual: UInt64) -> (UInt64, UInt64)? {
    guard map.start != 0, virtual >= map.start else { return nil }
    let distance = virtual - map.start
    let number = distance / UInt64(map.sectionByteCount)
    let index = windowNumbers.partition { $0 >= number }
    guard index < windowNumbers.count, windowNumbers[index] == number else { return nil }
    let offset = Int(distance % UInt64(map.sectionByteCount))
    let window = windows[index]
    guard let first = try? window.span.load(UInt64.self, at: offset),
      let second = try? window.span.load(UInt64.self, at: offset + 8)
    else { return nil }
    return (first, second)
  }

  private func keepProtected() {
    let end = firstFrame + UInt64(classes.count)
    var index = protected.partition { $0.upperBound > firstFrame }
    while index < protected.count, protected[index].lowerBound < end {
      let range = protected[index].clamped(to: firstFrame..<end)
      for frame in range {
        let kind = classes[Int(frame - firstFrame)]
        guard kind > PageClass.kept.rawValue else { continue }
        tally.violations[Int(kind)] += 1
        classes[Int(frame - firstFrame)] = PageClass.kept.rawValue
      }
      index += 1
    }
  }
}

/// What was counted while pages were classified.
package struct PageTally: Equatable, Sendable {
  /// How many pages each `PageClass` has, by its raw value.
  package var counts: [UInt64] = Array(repeating: 0, count: PageClass.allCases.count)
  /// Pages in free blocks, also those outside the dump.
  package var freeFound: UInt64 = 0
  /// Free pages whose order cannot be right: they are kept.
  package var badOrders: UInt64 = 0
  /// Pages of RAM for which the memory map has no struct page: they are kept.
  package var pagesWithoutStruct: UInt64 = 0
  /// Bytes of the memory map that could not be read: their pages are kept.
  package var unreadableStructBytes: UInt64 = 0
  /// Pages of the kernel itself that a rule would have left out, by the raw value of the class.
  package var violations: [UInt64] = Array(repeating: 0, count: PageClass.allCases.count)

  /// How many pages are in the class `kind`.
  package func count(_ kind: PageClass) -> UInt64 { counts[Int(kind.rawValue)] }
}

/// The classes that may be left out.
package struct RuleSet: OptionSet, Sendable {
  /// A bit for the raw value of each class.
  package let rawValue: UInt16

  /// The classes with these bits.
  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// All classes.
  package static let all = RuleSet(rawValue: .max)

  /// Whether pages of the class may be left out.
  func allows(_ kind: PageClass) -> Bool { rawValue & (1 << kind.rawValue) != 0 }

  /// All but `kind`.
  func without(_ kind: PageClass) -> RuleSet { RuleSet(rawValue: rawValue & ~(1 << kind.rawValue)) }
}
