internal import ByteCoding
internal import KexecPlanning
internal import PhysicalMemory

/// Where the segments of a load go, highest address first.
struct SegmentTable {
  private struct Row {
    let start: PhysicalAddress
    let byteCount: UInt64
    /// `#` for a segment, `.` for memory that stays free.
    let mark: String
    let label: String
  }

  private let rows: [Row]

  /// - Parameter isDetailed: whether each segment has a row, and so have free ranges; else only what
  ///   the user gave, the kernel as one.
  init(_ load: SegmentLoad, isDetailed: Bool) {
    rows = isDetailed ? Self.allRows(of: load) : Self.mainRows(of: load)
  }

  /// The table, in whose title stands `origin`.
  func text(origin: String) -> String {
    let digits = rows.map { String($0.start.value, radix: 16).count }.max() ?? 1
    var text = "  address".padded(to: digits + 4) + "size".rightAligned(to: 12)
    text += (origin.isEmpty ? "" : "       " + origin) + "\n"
    for row in rows {
      let number = String(row.start.value, radix: 16)
      text += "  0x" + String(repeating: "0", count: digits - number.count) + number
      text += byteText(row.byteCount).rightAligned(to: 12) + "  \(row.mark)  \(row.label)\n"
    }
    return text
  }

  private static func mainRows(of load: SegmentLoad) -> [Row] {
    var rows: [Row] = []
    var kernel: PhysicalRange?
    for segment in load.segments.reversed() {
      let range = segment.destination
      switch segment.role {
      case .kernel: kernel = PhysicalRange(start: range.start, end: kernel?.end ?? range.end)
      case .initrd, .module, .workspace:
        rows.append(
          Row(
            start: range.start, byteCount: range.byteCount, mark: "#", label: segment.role.text))
      case .bootBlock, .realMode, .pageTables, .purgatory, .coreHeader: break
      }
    }
    if let kernel {
      let index = rows.firstIndex { $0.start < kernel.start } ?? rows.count
      rows.insert(
        Row(
          start: kernel.start, byteCount: kernel.byteCount, mark: "#",
          label: PlannedSegment.Role.kernel.text), at: index)
    }
    return rows
  }

  private static func allRows(of load: SegmentLoad) -> [Row] {
    var rows: [Row] = []
    // A dump's header is no RAM for the next kernel.
    let ram = load.memoryMap.ranges(of: .ram).union(
      PhysicalRangeSet(load.segments.map { $0.destination }))
    for range in ram.ranges.reversed() {
      let inside = load.segments.filter { range.contains($0.destination) }
      var top = range.end
      func addFree(from start: PhysicalAddress, _ label: String) {
        let count = top.distance(from: start)
        if count > 0 { rows.append(Row(start: start, byteCount: count, mark: ".", label: label)) }
      }
      for segment in inside.reversed() {
        addFree(from: segment.destination.end, "free")
        let space = segment.destination
        let bytes = UInt64(segment.bytes.count)
        rows.append(
          Row(
            start: space.start, byteCount: bytes, mark: "#",
            label: segment.role.text
              + (bytes == space.byteCount ? "" : ", in \(byteText(space.byteCount))")))
        top = space.start
      }
      addFree(from: range.start, inside.isEmpty ? "RAM" : "free")
    }
    return rows
  }
}
