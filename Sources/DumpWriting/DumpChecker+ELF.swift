internal import ByteCoding
internal import CrashDumps
internal import ELFFormat
internal import PhysicalMemory

extension DumpChecker {
  /// Looks at an ELF file.
  func check(
    _ headers: ELFHeaders, against source: CrashImage?, _ extent: Extent,
    _ result: inout Result, _ progress: (DumpProgress) -> Void
  ) {
    if let notes = headers.programs.first(where: { $0.type == ELFLayout.Program.note }) {
      let (end, overflow) = notes.offset.addingReportingOverflow(notes.fileSize)
      result.checkNotes(notes.offset..<(overflow ? notes.offset : end), of: file)
    } else {
      result.note(.noInformation(offset: 0))
    }
    let ram = PhysicalRangeSet(
      headers.programs.filter { $0.isLoaded && $0.virtual < Self.imageStart }.compactMap {
        PhysicalRange(start: PhysicalAddress($0.physical), byteCount: $0.memorySize)
      })
    var missingEnd: UInt64 = 0
    var good: [ELFProgramHeader] = []
    for (number, program) in headers.programs.enumerated() where program.isLoaded {
      let (end, overflow) = program.offset.addingReportingOverflow(program.fileSize)
      let isInMemory = !program.physical.addingReportingOverflow(program.memorySize).overflow
      guard !overflow, isInMemory, program.fileSize <= program.memorySize else {
        result.note(.badSegment(number))
        continue
      }
      // Pages that are described a second time, as the kernel's image is, are not counted again.
      let isImage = program.virtual >= Self.imageStart && ram.contains(program)
      if end > file.byteCount {
        missingEnd = max(missingEnd, end)
        let lost = end - max(file.byteCount, program.offset)
        if !isImage { result.missingPages += (lost + 4095) >> 12 }
      }
      if !isImage {
        result.promisedPages += (program.fileSize + 4095) >> 12
        good.append(program)
      }
    }
    if missingEnd > 0 { result.note(.truncated(promised: missingEnd, has: file.byteCount)) }
    let step = extent.step(of: result.promisedPages)
    var index: UInt64 = 0
    for program in good {
      check(program, against: source, step: step, &index, &result)
      progress(
        DumpProgress(
          donePages: index, allPages: result.promisedPages, byteCount: file.byteCount))
    }
  }

  /// Where the kernel has its image: __START_KERNEL_map.
  private static let imageStart: UInt64 = 0xFFFF_FFFF_8000_0000

  /// Looks at the pages of a PT_LOAD that the file has; `index` is the number of the first of them.
  private func check(
    _ program: ELFProgramHeader, against source: CrashImage?, step: UInt64, _ index: inout UInt64,
    _ result: inout Result
  ) {
    let available = program.offset < file.byteCount ? file.byteCount - program.offset : 0
    let size = min(program.fileSize, available)
    let end = index + (program.fileSize + 4095) >> 12
    defer { index = end }
    // In steps of 1 all pages are read, in large parts; else only those that are looked at.
    let partSize = step == 1 ? UInt64(Self.windowSize) : 4096
    var position = ((step - index % step) % step) << 12
    while position < size {
      let count = Int(min(partSize, size - position))
      let offset = program.offset + position
      guard let bytes = result.read(file, at: offset, count: count) else { return }
      for start in stride(from: 0, to: count, by: 4096) {
        result.checkedPages += 1
        let physical = program.physical + position + UInt64(start)
        guard let source, physical & 4095 == 0, start + 4096 <= count,
          let page = try? bytes.slice(start..<(start + 4096)),
          !source.has(page, physical >> 12)
        else { continue }
        result.note(.otherPage(offset: offset + UInt64(start), frame: physical >> 12))
      }
      position += step == 1 ? partSize : step << 12
    }
  }
}

extension PhysicalRangeSet {
  /// Whether all memory of a PT_LOAD is in the set.
  fileprivate func contains(_ program: ELFProgramHeader) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].end.value > program.physical { high = middle } else { low = middle + 1 }
    }
    return low < ranges.count && ranges[low].start.value <= program.physical
      && ranges[low].end.value - program.physical >= program.memorySize
  }
}
