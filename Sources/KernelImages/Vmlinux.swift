internal import ByteCoding
internal import ELFFormat

/// A Linux kernel as the linker made it: what a bzImage's payload unpacks to. It is an x86_64 ELF executable,
/// followed by a relocation table if it can be moved.
package struct Vmlinux: Equatable, Sendable {
  /// Physical address of the 64-bit entry, as linked.
  package let entry: UInt64
  /// The parts, lowest address first; they do not overlap.
  package let parts: [LoadedPart]
  /// The relocation table in the file; nil when nothing follows the ELF image.
  package let relocationTable: Range<Int>?

  /// The lowest physical address, as linked.
  package var physicalStart: UInt64 { parts[0].physicalAddress }
  /// The physical address behind the last part, as linked.
  package var physicalEnd: UInt64 { parts[parts.count - 1].physicalEnd }
  /// Bytes from the first part's start to the last one's end.
  package var windowSize: UInt64 { physicalEnd - physicalStart }
}

/// Why an unpacked payload cannot be entered directly.
package enum VmlinuxError: Error, Equatable, Sendable {
  /// It does not start with an ELF header for x86_64.
  case notELF64
  /// It ends before its headers or parts do.
  case truncated
  /// It has no parts to load, or too many.
  case partCount(Int)
  /// A part's addresses are impossible for a kernel: not page-aligned, overlapping, or too high.
  case badPart(index: Int)
  /// The entry is in no part, or in the zeros of a part.
  case entryOutside(UInt64)
  /// The memory that the parts take does not agree with the image's header in alignment or size.
  case otherWindow
  /// The relocation table does not have two or three lists.
  case relocationLists(Int)
  /// A word of the relocation table names a location outside the kernel.
  case relocationOutside(offset: Int, address: UInt64)
}

extension Vmlinux {
  /// Reads the headers of the unpacked payload in `file`.
  package init(_ file: RawSpan) throws(VmlinuxError) {
    let headers: ELFFile
    do {
      headers = try ELFFile(file)
    } catch {
      throw VmlinuxError(error)
    }
    try self.init(headers, in: file)
  }

  /// The kernel with these headers at the start of `file`.
  package init(_ headers: ELFFile, in file: RawSpan) throws(VmlinuxError) {
    guard headers.width == .bits64, headers.machine == ELFLayout.Machine.x86_64 else {
      throw .notELF64
    }
    entry = headers.entry
    parts = headers.parts
    guard (1...Self.partLimit).contains(parts.count) else { throw .partCount(parts.count) }
    for (index, part) in parts.enumerated() {
      guard part.physicalAddress % 4096 == 0, part.physicalAddress < Self.addressLimit,
        part.memorySize <= Self.addressLimit
      else { throw .badPart(index: index) }
    }
    guard parts.contains(where: { $0.holds(headers.entry) }) else {
      throw .entryOutside(headers.entry)
    }
    // The section headers are the last part of an ELF file; the table follows them.
    let end = headers.headers.sections?.upperBound ?? file.byteCount
    relocationTable = end < file.byteCount ? end..<file.byteCount : nil
  }

  /// No kernel is linked for an address above this: its mapping has 1 GiB.
  private static let addressLimit: UInt64 = .gibibytes(1)

  /// More parts than any kernel has. Each becomes one of at most sixteen segments.
  private static let partLimit = 6
}

extension VmlinuxError {
  fileprivate init(_ error: ImageError) {
    self =
      switch error {
      case .truncated: .truncated
      case .badPart(_, let index, _, _): .badPart(index: index)
      default: .notELF64
      }
  }
}
