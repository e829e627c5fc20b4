internal import ByteCoding
package import ELFFormat
package import PhysicalMemory

/// The elfcorehdr: the headers of an ELF core file that tell a crash kernel where the memory of the crashed
/// one is. The crash kernel makes /proc/vmcore from them.
///
/// Documented in Documentation/admin-guide/kdump/kdump.rst. No data follow the headers: file offsets are
/// physical addresses.
package struct CoreHeader: Equatable, Sendable {
  /// Memory, and the virtual addresses at which the crashed kernel has it.
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

  /// The most program headers that one file can have: PN_XNUM is the first number that is not allowed.
  package static let segmentLimit = 0xFFFE

  /// The number of program headers.
  package var segmentCount: Int { notes.count + mappings.count }

  /// Bytes of the headers.
  package func byteCount(_ width: ELFWidth) -> Int {
    ELFLayout.File.size(width) + segmentCount * ELFLayout.Program.size(width)
  }

  /// Whether headers of that width are possible: there are not too many, and ELF32 can describe all memory.
  package func fits(_ width: ELFWidth) -> Bool {
    let ends = notes.map { $0.end } + mappings.map { $0.memory.end }
    return segmentCount <= Self.segmentLimit
      && (width == .bits64 || ends.allSatisfy { $0.value <= .gibibytes(4) })
  }

  /// The bytes of the headers.
  ///
  /// - Precondition: they fit.
  package func encode(_ width: ELFWidth) -> [UInt8] {
    precondition(fits(width), "memory that the headers cannot describe")
    var bytes = [UInt8](repeating: 0, count: byteCount(width))
    bytes.store(ELFLayout.magicValue, as: ELFLayout.magic)
    bytes.store(width.rawValue, as: ELFLayout.fileClass)
    bytes.store(ELFLayout.littleEndian, as: ELFLayout.data)
    bytes.store(ELFLayout.currentVersion, as: ELFLayout.identVersion)
    bytes.store(ELFLayout.FileType.core, as: File.type)
    bytes.store(ELFLayout.Machine.x86_64, as: File.machine)
    bytes.store(UInt32(ELFLayout.currentVersion), as: File.version)
    let headerSize = UInt64(File.size(width))
    bytes.store(headerSize, as: File.programHeaders, width)
    bytes.store(headerSize, as: File.ownSize, width)
    bytes.store(UInt64(Program.size(width)), as: File.programHeaderSize, width)
    bytes.store(UInt64(segmentCount), as: File.programHeaderCount, width)
    for (index, note) in notes.enumerated() {
      let segment = Mapping(virtualStart: 0, memory: note)
      store(segment, type: Program.note, width, number: index, into: &bytes)
    }
    for (index, mapping) in mappings.enumerated() {
      store(mapping, type: Program.load, width, number: notes.count + index, into: &bytes)
    }
    return bytes
  }

  private typealias File = ELFLayout.File
  private typealias Program = ELFLayout.Program

  private func store(
    _ segment: Mapping, type: UInt32, _ width: ELFWidth, number: Int, into bytes: inout [UInt8]
  ) {
    let base = File.size(width) + number * Program.size(width)
    let start = segment.memory.start.value
    let size = segment.memory.byteCount
    // ELF32 has no space for a 64-bit kernel's addresses; readers get them from VMCOREINFO.
    let hasPlace = width == .bits64 || segment.virtualStart <= UInt64(UInt32.max)
    bytes.store(type, as: Program.type, base: base)
    bytes.store(type == Program.load ? Program.allAccess : 0, as: Program.flags, width, base: base)
    bytes.store(start, as: Program.offset, width, base: base)
    bytes.store(hasPlace ? segment.virtualStart : 0, as: Program.virtual, width, base: base)
    bytes.store(start, as: Program.physical, width, base: base)
    bytes.store(size, as: Program.fileSize, width, base: base)
    bytes.store(size, as: Program.memorySize, width, base: base)
  }
}
