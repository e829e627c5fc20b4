internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory

/// The parts of a kernel file in the form of segments: each in whole pages that it shares with no other.
/// Bytes are copied only where a part does not start at a page.
struct PagedParts {
  /// Bytes that start at a page, and the end of their memory.
  struct Part {
    /// Where it was linked to be: a multiple of the page size.
    let start: UInt64
    var bytes: SharedBytes
    /// The address behind its memory, zeros included: a multiple of the page size.
    var end: UInt64
  }

  private(set) var parts: [Part] = []

  /// The parts in `list`, which are in order, do not overlap, and are in `file`.
  init(_ list: [LoadedPart], in file: SharedBytes) throws(OutOfBounds) {
    for part in list {
      let bytes = try file.slice(part.fileOffset..<(part.fileOffset + part.fileSize))
      let start = part.physicalAddress & ~(pageSize - 1)
      let padding = Int(part.physicalAddress - start)
      let end = Self.pageEnd(part.physicalEnd)
      if let last = parts.last, Self.pageEnd(last.start + UInt64(last.bytes.count)) > start {
        // Both have bytes in one page, so they become one part.
        let gap = Int(part.physicalAddress - last.start) - last.bytes.count
        parts[parts.count - 1].bytes = Self.join(last.bytes, zeros: gap, bytes)
        parts[parts.count - 1].end = max(last.end, end)
        continue
      }
      // The zeros of the part below end in a page that belongs to this part now.
      if let last = parts.indices.last { parts[last].end = min(parts[last].end, start) }
      parts.append(
        Part(
          start: start,
          bytes: padding == 0 ? bytes : Self.join(SharedBytes([]), zeros: padding, bytes),
          end: end))
    }
  }

  /// The lowest address.
  var start: UInt64 { parts.first?.start ?? 0 }
  /// The address behind the last page.
  var end: UInt64 { parts.last?.end ?? 0 }

  private static func join(_ first: SharedBytes, zeros: Int, _ second: SharedBytes) -> SharedBytes {
    SharedBytes(first.array + [UInt8](repeating: 0, count: zeros) + second.array)
  }

  /// `address` rounded up to a page; the last page is rounded down.
  private static func pageEnd(_ address: UInt64) -> UInt64 {
    let (sum, overflow) = address.addingReportingOverflow(pageSize - 1)
    return (overflow ? .max : sum) & ~(pageSize - 1)
  }

  /// The segments with everything moved by `shift`.
  func segments(movedBy shift: UInt64 = 0) -> [PlannedSegment] {
    parts.map {
      PlannedSegment(
        role: .kernel, bytes: $0.bytes,
        destination: PhysicalRange(
          start: PhysicalAddress($0.start &+ shift), end: PhysicalAddress($0.end &+ shift)))
    }
  }
}

extension SegmentAllocator {
  /// Takes the memory of `segments`, which have fixed addresses.
  mutating func take(exactly segments: [PlannedSegment]) throws(PlanningError) {
    for segment in segments {
      _ = try take(
        SegmentRequirement(
          role: segment.role, byteCount: segment.destination.byteCount,
          limits: segment.destination))
    }
  }
}
