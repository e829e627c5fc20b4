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

  /// The segments, in the file's order.
  package let segments: [Segment]

  /// Reads the headers at the start of `file`; nil unless it is an ELF64 core file for x86_64 and all
  /// of its program headers are there.
  package init?(_ file: RawSpan) {
    guard let headers = try? ELFHeaders(file), headers.width == .bits64,
      headers.type == ELFLayout.FileType.core, headers.machine == ELFLayout.Machine.x86_64
    else { return nil }
    segments = headers.programs.filter { $0.isLoaded }.map {
      Segment(
        offset: $0.offset, virtualStart: $0.virtual, physicalStart: $0.physical,
        byteCount: $0.memorySize)
    }
  }

  /// Reads the headers at the start of the file that starts with `bytes`.
  package init?(_ bytes: [UInt8]) {
    let shared = SharedBytes(bytes)
    self.init(shared.span)
  }

  /// Bytes of a file with the most headers that it can have.
  package static let largestHeader =
    ELFLayout.File.size(.bits64) + CoreHeader.segmentLimit * ELFLayout.Program.size(.bits64)
}
