internal import KexecABI
internal import BootProtocols
internal import ByteCoding
internal import CrashDumps
internal import ELFFormat
internal import PhysicalMemory
internal import RunningSystem

// A crash kernel lives in the region that was reserved at boot, and finds the memory of the crashed one by
// the ELF core header. Documented in Documentation/admin-guide/kdump/kdump.rst.

extension LoadPlacement {
  /// The placement for a crash kernel. The header is placed first, because the memory map and the command
  /// line depend on its address.
  static func crash(
    of request: LoadRequest, on machine: Machine, takesEFI: Bool, commandLine: String,
    limit: Int
  ) throws(PlanningError) -> LoadPlacement {
    let regions = try CrashRegions(of: machine)
    let headerSize = request.options.followsHotplug ? machine.crash?.headerSize : nil
    let (header, headerNotes) = coreHeader(of: machine, without: regions.contiguous)
    let bytes = try encode(header, request.options.coreHeaderWidth ?? .bits64)
    let place = try regions.place(
      headerOf: max(UInt64(bytes.count), headerSize ?? 0), bounds: request.options.memoryBounds)

    let map = regions.map(without: place, of: machine)
    // If a parameter is given twice, the last one counts.
    var line = KernelCommandLine(commandLine).adding("elfcorehdr=\(place.start)")
    if request.options.passesMemoryMap {
      for word in memoryMapWords(map) { line = line.adding(word) }
    }
    // It may be missing, since boot_params have it too, where kernels since 5.0 look.
    if line.value(of: "acpi_rsdp") == nil, let pointer = machine.rsdpAddress,
      !handsOverEFI(takesEFI: takesEFI, request: request, machine: machine)
    {
      let longer = line.adding("acpi_rsdp=\(PhysicalAddress(pointer))")
      if longer.text.losslessByteCount <= limit { line = longer }
    }

    let shown =
      request.options.passesMemoryMap
      ? try UsableMemory(of: machine, commandLine: KernelCommandLine("")).map : map
    let memory = UsableMemory(
      map: shown, used: map.undisputedRAM, free: regions.free,
      ramByteCount: machine.totalMemory ?? regions.ramByteCount,
      commandLine: KernelCommandLine(commandLine))
    return LoadPlacement(
      memory: memory, free: memory.free.subtracting(PhysicalRangeSet([place])),
      commandLine: line.text,
      segments: [
        PlannedSegment(
          role: .coreHeader, bytes: SharedBytes(bytes), destination: place,
          isChecked: headerSize == nil)
      ],
      flags: SegmentFlags.onCrash | (headerSize == nil ? 0 : SegmentFlags.updateCoreHeader),
      notes: headerNotes)
  }

  private static func handsOverEFI(
    takesEFI: Bool, request: LoadRequest, machine: Machine
  ) -> Bool {
    if case .success = efiHandover(takesEFI: takesEFI, request: request, machine: machine) {
      return true
    }
    return false
  }

  /// The parts of the dump: notes of the processors, VMCOREINFO, the kernel's image, all RAM.
  private static func coreHeader(
    of machine: Machine, without contiguous: PhysicalRangeSet
  ) -> (CoreHeader, [PlanNote]) {
    let facts = machine.crash
    var notes: [PlanNote] = []
    let processors = facts?.processorNotes ?? []
    if processors.isEmpty { notes.append(.noProcessorNotes) }
    if facts?.vmcoreInfo == nil { notes.append(.noVMCOREINFO) }
    if facts?.directMap == nil { notes.append(.kernelAddressesGuessed) }
    if facts?.leavesLowMemory == false { notes.append(.lowMemoryNotDumped) }

    var mappings = facts?.kernelImage.map { [$0] } ?? []
    let offset =
      facts?.directMap
      ?? (machine.usesFiveLevelPaging ? usualDirectMap.fiveLevels : usualDirectMap.fourLevels)
    // The crash kernel uses the first MiB itself, and the crashed kernel kept no data there.
    let low = PhysicalRange(start: PhysicalAddress(0), end: PhysicalAddress(.mebibytes(1)))
    let dumped = machine.ioMemory.dumpedRAM.subtracting(PhysicalRangeSet([low]))
    for range in dumped.subtracting(contiguous).ranges {
      mappings.append(.init(virtualStart: offset &+ range.start.value, memory: range))
    }
    let header = CoreHeader(
      notes: processors + (facts?.vmcoreInfo.map { [$0] } ?? []), mappings: mappings)
    return (header, notes)
  }

  private static func encode(
    _ header: CoreHeader, _ width: ELFWidth
  ) throws(PlanningError) -> [UInt8] {
    guard header.segmentCount <= CoreHeader.segmentLimit else {
      throw .tooManyRanges(header.segmentCount)
    }
    guard header.fits(width) else {
      throw .memoryBeyondELF32(
        end: header.mappings.map { $0.memory.end }.max() ?? PhysicalAddress(.max))
    }
    return header.encode(width)
  }

  /// `memmap=exactmap` and a word for each range: Documentation/admin-guide/kernel-parameters.txt.
  private static func memoryMapWords(_ map: MemoryMap) -> [String] {
    ["memmap=exactmap"]
      + map.entries.compactMap { entry in
        let kind: String
        switch entry.kind {
        case .ram: kind = "@"
        case .acpiTables, .acpiNonVolatile: kind = "#"
        case .persistentLegacy: kind = "!"
        default: return nil
        }
        // RAM is rounded inwards to whole pages, all other ranges outwards.
        let range =
          entry.kind == .ram
          ? entry.range.alignedInwards(to: pageSize) : entry.range.alignedOutwards(to: pageSize)
        return range.map { "memmap=\($0.byteCount >> 10)K\(kind)\($0.start.value >> 10)K" }
      }
  }
}

extension LoadRequest {
  /// Refuses a load for which kexec_file_load could not find the space either, with a kernel that takes
  /// `kernelSize` bytes: it would free the old crash kernel before it finds that out.
  func checkCrashRegion(of machine: Machine, kernelSize: UInt64) throws(PlanningError) {
    try machine.checkCrashReservation()
    guard let main = machine.ioMemory.crashRegions.last else {
      if (machine.kexec.crashSize ?? 0) > 0 { return }
      throw .noCrashRegion
    }
    if machine.ioMemory.isHidden { return }
    var rest = main
    for (role, size) in [(PlannedSegment.Role.kernel, kernelSize), (.initrd(0), initrdByteCount)] {
      guard let end = rest.start.advanced(by: size), end <= rest.end else {
        throw .noRoom(
          .init(
            role: role, byteCount: size, alignment: pageSize, bounds: main, largestHole: rest))
      }
      rest = PhysicalRange(start: end, end: rest.end)
    }
  }
}

/// What the running kernel reserved for a crash kernel.
private struct CrashRegions {
  /// The highest region: the only one that takes segments.
  let main: PhysicalRange
  /// All regions. A lower one is for devices that cannot reach other memory.
  let all: [PhysicalRange]
  /// Contiguous memory that it may use beside them.
  let contiguous: PhysicalRangeSet
  /// The main region without the space that the running kernel needs in it.
  let free: PhysicalRangeSet
  /// Bytes of RAM that the running kernel has.
  let ramByteCount: UInt64

  init(of machine: Machine) throws(PlanningError) {
    try machine.checkCrashReservation()
    let live = machine.ioMemory
    all = live.crashRegions
    guard let main = all.last else { throw .noCrashRegion }
    guard !live.isHidden else { throw .crashRegionHidden }
    self.main = main
    contiguous = try machine.crashContiguousMemory()
    ramByteCount = live.memoryMap.ranges(of: .ram).byteCount
    // The running kernel puts control pages and page tables into free parts of the region: at most one page
    // for each GiB, and a few more. Twice that is kept free.
    let slack = .kibibytes(64) + (ramByteCount / .gibibytes(1) + 1) * .kibibytes(8)
    let rest = main.start.advanced(by: slack).flatMap { start in
      start < main.end ? PhysicalRange(start: start, end: main.end) : nil
    }
    free = PhysicalRangeSet(rest.map { [$0] } ?? []).intersection(machine.reachableMemory)
      .alignedInwards(to: pageSize)
  }

  /// A place for a header of `byteCount` bytes, as high as possible.
  func place(
    headerOf byteCount: UInt64, bounds: PhysicalRange
  ) throws(PlanningError) -> PhysicalRange {
    let (padded, overflow) = byteCount.addingReportingOverflow(pageSize - 1)
    let requirement = PlacementRequirement(
      byteCount: overflow ? .max : padded & ~(pageSize - 1), alignment: pageSize, bounds: bounds)
    guard let place = free.place(for: requirement) else {
      throw .noRoom(
        .init(
          role: .coreHeader, byteCount: byteCount, alignment: pageSize, bounds: bounds,
          largestHole: free.largestHole(in: bounds)))
    }
    return place
  }

  /// The crash kernel's memory map: RAM below 1 MiB, where its processors start; the regions without the
  /// header, which the kernel then leaves alone; and all entries that are not RAM.
  func map(without header: PhysicalRange, of machine: Machine) -> MemoryMap {
    let live = machine.ioMemory.memoryMap
    let low = PhysicalRange(start: PhysicalAddress(0), end: PhysicalAddress(.mebibytes(1)))
    let ram = live.ranges(of: .ram).intersection(PhysicalRangeSet([low]))
      .union(PhysicalRangeSet(all).subtracting(PhysicalRangeSet([header])))
      .union(contiguous)
    return MemoryMap(
      live.entries.filter { $0.kind != .ram }
        + ram.ranges.filter { $0.byteCount >= pageSize }.map { MemoryMap.Entry($0, .ram) })
  }
}

extension PhysicalRange {
  /// The range with both ends moved outwards to multiples of `alignment`, a power of two; nil past
  /// the end of the address space.
  fileprivate func alignedOutwards(to alignment: UInt64) -> PhysicalRange? {
    end.alignedUp(to: alignment).map {
      PhysicalRange(start: start.alignedDown(to: alignment), end: $0)
    }
  }
}

extension Machine {
  /// Where the ACPI RSDP is; nil when neither boot loader nor firmware says.
  fileprivate var rsdpAddress: UInt64? {
    let given = bootParameters?.loadField(BootParameters.acpiRSDPAddress) ?? 0
    return given != 0 ? given : efi?.rsdpAddress
  }
}

/// Where the direct map starts without KASLR. Documented in Documentation/arch/x86/x86_64/mm.rst.
private let usualDirectMap: (fourLevels: UInt64, fiveLevels: UInt64) = (
  0xFFFF_8880_0000_0000, 0xFF11_0000_0000_0000
)
