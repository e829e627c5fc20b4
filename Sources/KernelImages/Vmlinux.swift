internal import ByteCoding
internal import ELFFormat

/// A Linux kernel as the linker made it: what a bzImage's payload unpacks to. An x86_64 ELF
/// executable, and behind it, when it can be moved, the places to change.
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
  /// It has nothing to load, or too many parts.
  case partCount(Int)
  /// A part's addresses are not those of a kernel: not at a page, overlapping, or beyond any RAM.
  case badPart(index: Int)
  /// The entry is in no part, or where a part has only zeros.
  case entryOutside(UInt64)
  /// The parts' window is not the one that the image's header describes: other alignment or size.
  case otherWindow
  /// The relocation table has another number of lists than two or three.
  case relocationLists(Int)
  /// A word of the relocation table names a place outside the kernel.
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
    // What follows the section headers, which are the last thing in an ELF file.
    let end = headers.headers.sections?.upperBound ?? file.byteCount
    relocationTable = end < file.byteCount ? end..<file.byteCount : nil
  }

  /// No kernel is linked to be above this: the space that its mapping has is 1 GiB.
  private static let addressLimit: UInt64 = .gibibytes(1)

  /// More parts than any kernel has; each becomes a segment, of which there are sixteen in all.
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
