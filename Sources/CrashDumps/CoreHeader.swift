internal import ByteCoding
package import PhysicalMemory

/// The headers of an ELF core file that tell a crash kernel where the memory of the crashed one is:
/// the "elfcorehdr". The crash kernel makes /proc/vmcore of it.
///
/// Documented in Documentation/admin-guide/kdump/kdump.rst. There are no data behind the headers:
/// file offsets are physical addresses.
package struct CoreHeader: Equatable, Sendable {
  /// How wide its numbers are.
  package enum Width: Equatable, Sendable {
    /// ELF32: for memory below 4 GiB.
    case bits32
    /// ELF64.
    case bits64
  }

  /// Memory and the addresses at which the crashed kernel has it.
  package struct Mapping: Equatable, Sendable {
    /// The first virtual address.
    package let virtualStart: UInt64
    /// The memory.
    package let memory: PhysicalRange

    /// `memory` is at `virtualStart`.
    package init(virtualStart: UInt64, memory: PhysicalRange) {
      self.virtualStart = virtualStart
      self.memory = memory
    }
  }

  /// Where notes will be: one range for each processor's registers, then VMCOREINFO.
  package var notes: [PhysicalRange]
  /// The memory to be dumped. Ranges may overlap.
  package var mappings: [Mapping]

  /// The headers for `notes` and `mappings`.
  package init(notes: [PhysicalRange], mappings: [Mapping]) {
    self.notes = notes
    self.mappings = mappings
  }

  /// The most program headers that one file can have: PN_XNUM is the first that it cannot.
  package static let segmentLimit = 0xFFFE

  /// The number of program headers.
  package var segmentCount: Int { notes.count + mappings.count }

  /// Bytes of the headers.
  package func byteCount(_ width: Width) -> Int {
    switch width {
    case .bits32: CoreLayout.Narrow.headerSize + segmentCount * CoreLayout.Narrow.segmentSize
    case .bits64: CoreLayout.Wide.headerSize + segmentCount * CoreLayout.Wide.segmentSize
    }
  }

  /// Whether the headers can be of that width: there are not too many, and ELF32 reaches all memory.
  package func fits(_ width: Width) -> Bool {
    let ends = notes.map(\.end) + mappings.map(\.memory.end)
    return segmentCount <= Self.segmentLimit
      && (width == .bits64 || ends.allSatisfy { $0.value <= 1 << 32 })
  }

  /// The bytes of the headers.
  ///
  /// - Precondition: they fit.
  package func encode(_ width: Width) -> [UInt8] {
    precondition(fits(width), "memory that the headers cannot describe")
    var bytes = [UInt8](repeating: 0, count: byteCount(width))
    bytes.store(CoreLayout.magicValue, as: CoreLayout.magic)
    bytes.store(width == .bits64 ? 2 : 1, as: CoreLayout.fileClass)
    bytes.store(1, as: CoreLayout.data)
    bytes.store(1, as: CoreLayout.identVersion)
    bytes.store(CoreLayout.core, as: CoreLayout.type)
    bytes.store(CoreLayout.x86_64, as: CoreLayout.machine)
    bytes.store(CoreLayout.currentVersion, as: CoreLayout.version)
    storeTable(width, into: &bytes)
    for (index, note) in notes.enumerated() {
      let segment = Mapping(virtualStart: 0, memory: note)
      store(segment, type: CoreLayout.note, width, number: index, into: &bytes)
    }
    for (index, mapping) in mappings.enumerated() {
      store(mapping, type: CoreLayout.load, width, number: notes.count + index, into: &bytes)
    }
    return bytes
  }

  private func storeTable(_ width: Width, into bytes: inout [UInt8]) {
    let count = UInt16(segmentCount)
    switch width {
    case .bits64:
      typealias Wide = CoreLayout.Wide
      bytes.store(UInt64(Wide.headerSize), as: Wide.programHeaders)
      bytes.store(UInt16(Wide.headerSize), as: Wide.ownSize)
      bytes.store(UInt16(Wide.segmentSize), as: Wide.programHeaderSize)
      bytes.store(count, as: Wide.programHeaderCount)
    case .bits32:
      typealias Narrow = CoreLayout.Narrow
      bytes.store(UInt32(Narrow.headerSize), as: Narrow.programHeaders)
      bytes.store(UInt16(Narrow.headerSize), as: Narrow.ownSize)
      bytes.store(UInt16(Narrow.segmentSize), as: Narrow.programHeaderSize)
      bytes.store(count, as: Narrow.programHeaderCount)
    }
  }

  private func store(
    _ segment: Mapping, type: UInt32, _ width: Width, number: Int, into bytes: inout [UInt8]
  ) {
    let start = segment.memory.start.value
    let size = segment.memory.byteCount
    let flags = type == CoreLayout.load ? CoreLayout.allAccess : 0
    switch width {
    case .bits64:
      typealias Wide = CoreLayout.Wide
      let base = Wide.headerSize + number * Wide.segmentSize
      bytes.store(type, as: Wide.type, base: base)
      bytes.store(flags, as: Wide.flags, base: base)
      bytes.store(start, as: Wide.offset, base: base)
      bytes.store(segment.virtualStart, as: Wide.virtual, base: base)
      bytes.store(start, as: Wide.physical, base: base)
      bytes.store(size, as: Wide.fileSize, base: base)
      bytes.store(size, as: Wide.memorySize, base: base)
    case .bits32:
      typealias Narrow = CoreLayout.Narrow
      let base = Narrow.headerSize + number * Narrow.segmentSize
      bytes.store(type, as: Narrow.type, base: base)
      bytes.store(flags, as: Narrow.flags, base: base)
      bytes.store(UInt32(truncatingIfNeeded: start), as: Narrow.offset, base: base)
      // A 64-bit kernel's addresses have no place here; readers take them from VMCOREINFO.
      bytes.store(
        UInt32(exactly: segment.virtualStart) ?? 0, as: Narrow.virtual, base: base)
      bytes.store(UInt32(truncatingIfNeeded: start), as: Narrow.physical, base: base)
      bytes.store(UInt32(truncatingIfNeeded: size), as: Narrow.fileSize, base: base)
      bytes.store(UInt32(truncatingIfNeeded: size), as: Narrow.memorySize, base: base)
    }
  }
}
