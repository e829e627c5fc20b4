internal import ByteCoding
internal import ELFFormat

/// The memory in an ELF core file: /proc/vmcore, a copy of it, or what makedumpfile writes with -E.
struct ELFDump {
  /// Memory that the file has.
  struct Stored {
    let start: UInt64
    let end: UInt64
    /// Where its first byte is in the file.
    let offset: UInt64
  }

  /// What lies in the file, ascending and disjoint: the loader may describe the same memory twice.
  let stored: [Stored]
  /// The pages of RAM that the dump knows, whether they are stored or not: ascending and disjoint.
  let frames: [Range<UInt64>]
  /// How many PT_LOADs the file has.
  let segmentCount: Int
  /// Bytes that PT_LOADs and PT_NOTEs promise behind the end of the file.
  let missingByteCount: UInt64
  /// Where the kernel has all physical memory, by the first PT_LOAD that is not the kernel's image.
  let directMapStart: UInt64?

  init(_ programs: [ELFProgramHeader], fileSize: UInt64) {
    var loads: [ELFProgramHeader] = []
    var missing: UInt64 = 0
    for program in programs where program.type == ELFLayout.Program.note {
      let present = program.offset < fileSize ? fileSize - program.offset : 0
      missing =
        missing.addingReportingOverflow(
          program.fileSize - min(program.fileSize, present)
        ).partialValue
    }
    for program in programs where program.isLoaded && program.memorySize > 0 {
      // A range that ends behind the last address cannot be memory.
      guard !program.physical.addingReportingOverflow(program.memorySize).overflow else { continue }
      loads.append(program)
    }
    segmentCount = loads.count
    let sorted = loads.sorted { $0.physical }
    var stored: [Stored] = []
    for load in sorted {
      let promised = min(load.fileSize, load.memorySize)
      let present = load.offset < fileSize ? min(promised, fileSize - load.offset) : 0
      // Damaged headers can promise more than there are numbers for.
      missing = missing.addingReportingOverflow(promised - present).partialValue
      let start = max(load.physical, stored.last?.end ?? 0)
      let end = load.physical + present
      guard end > start else { continue }
      stored.append(
        Stored(start: start, end: end, offset: load.offset + (start - load.physical)))
    }
    self.stored = stored
    frames = sorted.map {
      ($0.physical >> 12)..<((($0.physical + $0.memorySize - 1) >> 12) + 1)
    }.joined()
    missingByteCount = missing
    directMapStart = loads.first { $0.virtual >> 63 != 0 && $0.virtual < KernelPaging.imageStart }
      .map { $0.virtual &- $0.physical }
  }

  /// The file's memory that contains `physical`; nil when there is none.
  func memory(at physical: UInt64) -> Stored? {
    let index = stored.partition { $0.end > physical }
    guard index < stored.count, stored[index].start <= physical else { return nil }
    return stored[index]
  }

  /// The first page at or behind `frame` of which something is in the file; nil when there is none.
  func stored(from frame: UInt64) -> UInt64? {
    let index = stored.partition { $0.end > frame << 12 }
    return index < stored.count ? max(frame, stored[index].start >> 12) : nil
  }

  /// The page number behind the last of those of which something is in the file, from `frame` on, which is one of them.
  func storedEnd(from frame: UInt64) -> UInt64 {
    var index = stored.partition { $0.end > frame << 12 }
    var end = frame + 1
    while index < stored.count, stored[index].start >> 12 <= end {
      end = max(end, (stored[index].end + 4095) >> 12)
      index += 1
    }
    return end
  }

  /// The first address at or behind `physical` that is in the file; nil when there is none.
  func stored(behind physical: UInt64) -> UInt64? {
    let index = stored.partition { $0.end > physical }
    return index < stored.count ? max(physical, stored[index].start) : nil
  }
}

extension Array {
  /// The index of the first element for which `isBehind` holds, in an array where it holds for all that follow;
  /// the number of elements when it holds for none.
  func partition(_ isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
