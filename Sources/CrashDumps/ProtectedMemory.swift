internal import ByteCoding

/// Pages that certainly belong to the kernel itself: a dump without them is of no use, and a rule that would leave one
/// of them out has misread something.
struct ProtectedMemory {
  /// Page numbers, ascending and disjoint.
  let frames: [Range<UInt64>]
  /// Whether the kernel's own symbols were found, so that its image is in it.
  let hasImage: Bool

  /// Parts of the image that are never given away. Initialisation code, the gaps between parts, the end of .brk and a
  /// part of .bss are: they become ordinary memory.
  private static let parts = [
    ("_stext", "_etext"), ("__start_rodata", "__end_rodata"), ("_sdata", "_edata"),
  ]

  /// No part is larger.
  private static let largestPart: UInt64 = .gibibytes(1)

  init(_ image: CrashImage, _ map: MemoryMap) {
    var ranges: [Range<UInt64>] = []
    func add(_ virtual: UInt64, _ count: UInt64) {
      let count = min(count, Self.largestPart)
      var done: UInt64 = 0
      while done < count, let mapping = try? image.translate(virtual &+ done) {
        let size = min(mapping.byteCount, count - done)
        guard mapping.physical < 1 << 52 else { return }
        ranges.append((mapping.physical >> 12)..<((mapping.physical + size + 4095) >> 12))
        done += size
      }
    }
    let names = Self.parts.flatMap { [$0.0, $0.1] }
    let symbols = try? KernelSymbols(names, in: image)
    var hasImage = symbols != nil
    for (first, last) in Self.parts {
      guard let start = symbols?.addresses[first], let end = symbols?.addresses[last], start < end,
        start >= KernelPaging.imageStart, end - start < Self.largestPart
      else {
        hasImage = false
        continue
      }
      add(start, end - start)
    }
    self.hasImage = hasImage

    var map = map
    var section: UInt64 = 0
    let count = min(image.memory.endFrame / map.sectionPages + 1, map.sectionLimit)
    while section < count {
      if let place = map.structPages(ofSection: section, in: image) {
        add(place, UInt64(map.sectionByteCount))
      }
      section += 1
    }
    for place in Self.logRing(image) { add(place.start, place.count) }
    for frame in image.memory.tables { ranges.append(frame..<(frame + 1)) }

    frames = ranges.joined()
  }

  /// The buffers of the kernel's log.
  private static func logRing(_ image: CrashImage) -> [(start: UInt64, count: UInt64)] {
    let information = image.information
    guard let tables = try? PrintkTables(image),
      let descSize = information.size("prb_desc"), let infoSize = information.size("printk_info"),
      tables.countBits < 24, tables.textBits < 32
    else { return [] }
    return [
      (tables.descriptors, UInt64(descSize) << tables.countBits),
      (tables.infos, UInt64(infoSize) << tables.countBits), (tables.text, 1 << tables.textBits),
    ]
  }
}
