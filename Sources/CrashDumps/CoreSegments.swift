internal import ByteCoding

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

  /// The segments, in the file's order.
  package let segments: [Segment]

  /// Reads the headers at the start of `file`; nil unless it is an ELF64 core file for x86_64 and all
  /// of its program headers are there.
  package init?(_ file: RawSpan) {
    typealias Wide = CoreLayout.Wide
    guard let magic = try? file.load(CoreLayout.magic), magic == CoreLayout.magicValue,
      let fileClass = try? file.load(CoreLayout.fileClass), fileClass == 2,
      let type = try? file.load(CoreLayout.type), type == CoreLayout.core,
      let machine = try? file.load(CoreLayout.machine), machine == CoreLayout.x86_64,
      let size = try? file.load(Wide.programHeaderSize), size >= Wide.segmentSize,
      let table = try? file.load(Wide.programHeaders), table <= UInt64(file.byteCount),
      let count = try? file.load(Wide.programHeaderCount)
    else { return nil }
    var segments: [Segment] = []
    for number in 0..<Int(count) {
      let base = Int(table) + number * Int(size)
      guard let type = try? file.load(Wide.type, base: base),
        let offset = try? file.load(Wide.offset, base: base),
        let virtual = try? file.load(Wide.virtual, base: base),
        let physical = try? file.load(Wide.physical, base: base),
        let memorySize = try? file.load(Wide.memorySize, base: base)
      else { return nil }
      guard type == CoreLayout.load else { continue }
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
    CoreLayout.Wide.headerSize + CoreHeader.segmentLimit * CoreLayout.Wide.segmentSize
}
