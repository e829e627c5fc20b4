internal import ByteCoding
internal import KexecPlanning
internal import PhysicalMemory

// Where the segments of a load go, highest address first: `#` for a segment, `.` for memory that stays free.

extension TextPage {
  /// Adds the segments of `load`: in detail each of them, and what stays free between them; else only what
  /// the user gave, the kernel as one. `origin` says where the addresses come from, if that matters.
  func addSegments(of load: SegmentLoad, origin: String?, isDetailed: Bool) {
    // A dump's header is no RAM for the next kernel.
    let ram = load.memoryMap.ranges(of: .ram).union(
      PhysicalRangeSet(load.segments.map { $0.destination }))
    let top = isDetailed ? ram.ranges.last?.start : nil
    let highest = max(top?.value ?? 0, load.segments.last?.destination.start.value ?? 0)
    let digits = String(highest, radix: 16).count
    text += "  address".padded(to: digits + 4) + "size".rightAligned(to: 12)
    text += (origin.map { "       " + $0 } ?? "") + "\n"
    if isDetailed {
      addAll(of: load, in: ram, digits)
    } else {
      addMain(of: load, digits)
    }
  }

  private func addMain(of load: SegmentLoad, _ digits: Int) {
    var kernelEnd: PhysicalAddress?
    for (index, segment) in load.segments.enumerated().reversed() {
      let range = segment.destination
      switch segment.role {
      case .kernel:
        let end = kernelEnd ?? range.end
        // Up to its lowest part.
        if index > 0, case .kernel = load.segments[index - 1].role {
          kernelEnd = end
        } else {
          kernelEnd = nil
          add(range.start, end.distance(from: range.start), digits, "#", segment.role.text)
        }
      case .initrd, .module, .workspace:
        add(range.start, range.byteCount, digits, "#", segment.role.text)
      case .bootBlock, .realMode, .pageTables, .purgatory, .coreHeader: break
      }
    }
  }

  private func addAll(of load: SegmentLoad, in ram: PhysicalRangeSet, _ digits: Int) {
    for range in ram.ranges.reversed() {
      var top = range.end
      var label = "RAM"
      for segment in load.segments.reversed() where range.contains(segment.destination) {
        let space = segment.destination
        label = "free"
        addFree(space.end, top, digits, label)
        let count = UInt64(segment.bytes.count)
        let isPart = count < space.byteCount
        add(
          space.start, count, digits, "#",
          isPart ? segment.role.text + ", in " + byteText(space.byteCount) : segment.role.text)
        top = space.start
      }
      addFree(range.start, top, digits, label)
    }
  }

  private func addFree(
    _ start: PhysicalAddress, _ end: PhysicalAddress, _ digits: Int, _ label: String
  ) {
    if start < end { add(start, end.distance(from: start), digits, ".", label) }
  }

  @inline(never) private func add(
    _ start: PhysicalAddress, _ count: UInt64, _ digits: Int, _ mark: String, _ label: String
  ) {
    let number = String(start.value, radix: 16)
    text += "  0x" + String(repeating: "0", count: digits - number.count) + number
    text += byteText(count).rightAligned(to: 12) + "  " + mark + "  " + label + "\n"
  }
}
