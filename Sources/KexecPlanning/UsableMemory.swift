internal import ByteCoding
package import PhysicalMemory
package import RunningSystem

/// The memory map that the next kernel gets, and where its segments may be placed.
package struct UsableMemory: Equatable, Sendable {
  /// The map for the next kernel.
  package let map: MemoryMap
  /// Free RAM for segments: page-aligned, above 1 MiB, RAM according to every source, and without tables of
  /// firmware.
  package let free: PhysicalRangeSet
  /// Free RAM below 640 KiB, page-aligned, for segments that must lie there; without the first page, which
  /// belongs to the BIOS.
  package let low: PhysicalRangeSet
  /// Both, for kernels with fixed addresses.
  var freeWithLow: PhysicalRangeSet { PhysicalRangeSet(free.ranges + low.ranges) }
  /// All RAM that the running kernel manages, in bytes. Segments may take half of it.
  package let ramByteCount: UInt64
  /// RAM that the next kernel will use, in bytes, without what its own command line excludes.
  package let nextRAMByteCount: UInt64
  /// Notes on where the map comes from, if that is unusual.
  package let notes: [PlanNote]

  /// The memory of `machine` for a normal boot of a kernel with `commandLine`.
  package init(
    of machine: Machine, commandLine: KernelCommandLine
  ) throws(PlanningError) {
    let wanted = CommandLineMemory(commandLine)
    let live = machine.ioMemory
    let liveMap = live.isHidden ? nil : Self.nonEmpty(live.memoryMap)
    var notes: [PlanNote] = []
    // add_efi_memmap changes the map after the kernel has saved the firmware's.
    let isFirmwareMapTrue = machine.commandLine.value(of: "add_efi_memmap") == nil
    let firmwareMap = isFirmwareMapTrue ? machine.firmwareMap.flatMap(Self.nonEmpty) : nil

    var ram: PhysicalRangeSet
    switch (firmwareMap, liveMap) {
    case (let firmware?, _?):
      map = firmware
      ram = firmware.undisputedRAM.intersection(live.freeRAM)
    case (let firmware?, nil):
      map = firmware
      // Only the running kernel's own map shows what its command line has excluded.
      ram = CommandLineMemory(machine.commandLine).restrict(firmware.undisputedRAM)
      notes.append(.ioMemoryHidden)
    case (nil, let liveMap?):
      map = liveMap
      ram = live.freeRAM
      notes.append(isFirmwareMapTrue ? .noFirmwareMap : .efiMapWasAdded)
    case (nil, nil):
      throw .noMemoryMap
    }
    ram = ram.subtracting(machine.efi?.tables.ranges ?? PhysicalRangeSet())
    let beyond = ram.subtracting(machine.reachableMemory)
    if !beyond.ranges.isEmpty {
      ram = ram.intersection(machine.reachableMemory)
      notes.append(
        .memoryBeyondReach(bits: machine.physicalAddressBits, byteCount: beyond.byteCount))
    }
    free = wanted.restrict(Self.placeable(ram))
    low = ram.intersection(PhysicalRangeSet([Self.lowLimits])).alignedInwards(to: pageSize)
    ramByteCount = min(map.ranges(of: .ram).byteCount, machine.totalMemory ?? .max)
    nextRAMByteCount = wanted.restrict(map.undisputedRAM).byteCount
    self.notes = notes
  }

  /// The memory of a kernel that gets only a part of the machine. `map` is its memory map, and `used` is the
  /// RAM in it; its segments may be in `free` and `low`; the running kernel has `ramByteCount` bytes of RAM.
  init(
    map: MemoryMap, used: PhysicalRangeSet, free: PhysicalRangeSet,
    low: PhysicalRangeSet = PhysicalRangeSet(), ramByteCount: UInt64,
    commandLine: KernelCommandLine
  ) {
    let wanted = CommandLineMemory(commandLine)
    self.map = map
    self.free = wanted.restrict(Self.placeable(free))
    self.low = low
    self.ramByteCount = ramByteCount
    nextRAMByteCount = wanted.restrict(used).byteCount
    notes = []
  }

  /// The range of `low`.
  static let lowLimits = PhysicalRange(
    start: PhysicalAddress(pageSize), end: PhysicalAddress(.kibibytes(640)))

  /// Whole pages above 1 MiB, below which are the real-mode vectors, BIOS data and video memory.
  private static func placeable(_ ram: PhysicalRangeSet) -> PhysicalRangeSet {
    let high = PhysicalRange(start: PhysicalAddress(.mebibytes(1)), end: PhysicalAddress(.max))
    return ram.intersection(PhysicalRangeSet([high])).alignedInwards(to: pageSize)
  }

  private static func nonEmpty(_ map: MemoryMap) -> MemoryMap? {
    map.ranges(of: .ram).ranges.isEmpty ? nil : map
  }
}

extension Machine {
  /// All memory that a physical address can reach.
  var reachableMemory: PhysicalRangeSet {
    PhysicalRangeSet([
      PhysicalRange(
        start: PhysicalAddress(0), end: PhysicalAddress(1 << UInt64(physicalAddressBits)))
    ])
  }

  /// Notes on impossible entries in its memory maps: one for each of the first sixteen, and one with the
  /// number of the others.
  package var mapNotes: [PlanNote] {
    let shown = mapFaults.prefix(16)
    let rest = mapFaults.count - shown.count
    return shown.map(PlanNote.mapFault) + (rest > 0 ? [.moreMapFaults(rest)] : [])
  }
}
