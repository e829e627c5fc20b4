internal import ByteCoding
internal import ELFFormat

/// The memory segments in the headers of an ELF64 core file, such as /proc/kcore or /proc/vmcore.
package struct CoreSegments: Equatable, Sendable {
  /// One PT_LOAD program header.
  package struct Segment: Equatable, Sendable {
    /// Where the memory is in the file. p_offset.
    package let offset: UInt64
    /// The first virtual address. p_vaddr.
    package let virtualStart: UInt64
    /// The first physical address, all ones when it has none of its own. p_paddr.
    package let physicalStart: UInt64
    /// Bytes of memory. p_memsz.
    package let byteCount: UInt64
  }

  private typealias File = ELFLayout.File
  private typealias Program = ELFLayout.Program

  /// The segments, in the file's order.
  package let segments: [Segment]

  /// Reads the headers at the start of `file`; nil unless it is an ELF64 core file for x86_64 and all
  /// of its program headers are there.
  package init?(_ file: RawSpan) {
    guard let magic = try? file.load(ELFLayout.magic), magic == ELFLayout.magicValue,
      let fileClass = try? file.load(ELFLayout.fileClass), fileClass == ELFWidth.bits64.rawValue,
      let type = try? file.load(File.type), type == ELFLayout.FileType.core,
      let machine = try? file.load(File.machine), machine == ELFLayout.Machine.x86_64,
      let size = try? file.load(File.programHeaderSize.wide),
      size >= Program.size(.bits64),
      let table = try? file.load(File.programHeaders.wide), table <= UInt64(file.byteCount),
      let count = try? file.load(File.programHeaderCount.wide)
    else { return nil }
    var segments: [Segment] = []
    for number in 0..<Int(count) {
      let base = Int(table) + number * Int(size)
      guard let type = try? file.load(Program.type, base: base),
        let offset = try? file.load(Program.offset.wide, base: base),
        let virtual = try? file.load(Program.virtual.wide, base: base),
        let physical = try? file.load(Program.physical.wide, base: base),
        let memorySize = try? file.load(Program.memorySize.wide, base: base)
      else { return nil }
      guard type == Program.load else { continue }
      segments.append(
        Segment(
          offset: offset, virtualStart: virtual, physicalStart: physical, byteCount: memorySize))
    }
    self.segments = segments
  }

  /// Reads the headers at the start of the file that starts with `bytes`.
  package init?(_ bytes: [UInt8]) {
    let shared = SharedBytes(bytes)
    self.init(shared.span)
  }

  /// Bytes of a file with the most headers that it can have: reading that much finds all of them.
  package static let largestHeader =
    File.size(.bits64) + CoreHeader.segmentLimit * Program.size(.bits64)
}
