internal import ByteCoding

/// A Linux kernel as the linker made it: what a bzImage's payload unpacks to. An x86_64 ELF
/// executable, and behind it, when it can be moved, the places to change.
package struct Vmlinux: Equatable, Sendable {
  /// A part of the file that goes into memory: a PT_LOAD program header.
  package struct Part: Equatable, Sendable {
    /// Where it is in the file, in bytes.
    package let fileOffset: Int
    /// Its bytes in the file.
    package let fileSize: Int
    /// Where it was linked to be in physical memory: p_paddr.
    package let physicalAddress: UInt64
    /// Its bytes in memory; those beyond the file's are zero.
    package let memorySize: UInt64

    /// The physical address behind the part.
    package var physicalEnd: UInt64 { physicalAddress + memorySize }
  }

  /// Physical address of the 64-bit entry, as linked.
  package let entry: UInt64
  /// The parts, lowest address first; they do not overlap.
  package let parts: [Part]
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

/// Offsets in the ELF64 header, and in its program headers. Documented in elf(5).
private enum ELF64 {
  static let magic = Field<UInt32>(0)
  static let magicValue: UInt32 = 0x464C_457F
  static let classAndData = Field<UInt16>(4)
  static let type = Field<UInt16>(16)
  static let machine = Field<UInt16>(18)
  static let entry = Field<UInt64>(24)
  static let programHeaders = Field<UInt64>(32)
  static let sectionHeaders = Field<UInt64>(40)
  static let programHeaderSize = Field<UInt16>(54)
  static let programHeaderCount = Field<UInt16>(56)
  static let sectionHeaderSize = Field<UInt16>(58)
  static let sectionHeaderCount = Field<UInt16>(60)

  static let partType = Field<UInt32>(0)
  static let partOffset = Field<UInt64>(8)
  static let partPhysical = Field<UInt64>(24)
  static let partFileSize = Field<UInt64>(32)
  static let partMemorySize = Field<UInt64>(40)
  static let load: UInt32 = 1
}

extension Vmlinux {
  /// Reads the headers of the unpacked payload in `file`.
  package init(_ file: RawSpan) throws(VmlinuxError) {
    guard try file.value(ELF64.magic) == ELF64.magicValue,
      try file.value(ELF64.classAndData) == 0x0102,  // 64 bits, little-endian
      try file.value(ELF64.machine) == 62
    else { throw .notELF64 }
    let entry = try file.value(ELF64.entry)
    self.entry = entry
    parts = try Self.parts(file)
    relocationTable = try Self.trailer(file)
    let holder = parts.first { $0.physicalAddress <= entry && entry < $0.physicalEnd }
    guard let holder, entry - holder.physicalAddress < holder.fileSize else {
      throw .entryOutside(entry)
    }
  }

  /// No kernel is linked to be above this: the space that its mapping has is 1 GiB.
  private static let addressLimit: UInt64 = 1 << 30

  /// More parts than any kernel has; each becomes a segment, of which there are sixteen in all.
  private static let partLimit = 6

  private static func parts(_ file: RawSpan) throws(VmlinuxError) -> [Part] {
    let table = try file.value(ELF64.programHeaders)
    guard table <= file.byteCount else { throw .truncated }
    let size = Int(try file.value(ELF64.programHeaderSize))
    var parts: [Part] = []
    for index in 0..<Int(try file.value(ELF64.programHeaderCount)) {
      let header = Int(table) + index * size
      guard try file.value(ELF64.partType, base: header) == ELF64.load else { continue }
      let physical = try file.value(ELF64.partPhysical, base: header)
      let memorySize = try file.value(ELF64.partMemorySize, base: header)
      let fileSize = try file.value(ELF64.partFileSize, base: header)
      let offset = try file.value(ELF64.partOffset, base: header)
      guard physical % 4096 == 0, physical < addressLimit, memorySize <= addressLimit,
        fileSize <= memorySize
      else { throw .badPart(index: index) }
      guard offset <= file.byteCount, fileSize <= UInt64(file.byteCount) - offset else {
        throw .truncated
      }
      if memorySize == 0 { continue }
      parts.append(
        Part(
          fileOffset: Int(offset), fileSize: Int(fileSize), physicalAddress: physical,
          memorySize: memorySize))
    }
    parts.sort { $0.physicalAddress < $1.physicalAddress }
    guard (1...Self.partLimit).contains(parts.count) else { throw .partCount(parts.count) }
    for index in 1..<parts.count where parts[index].physicalAddress < parts[index - 1].physicalEnd {
      throw .badPart(index: index)
    }
    return parts
  }

  /// What follows the section headers, which are the last thing in an ELF file.
  private static func trailer(_ file: RawSpan) throws(VmlinuxError) -> Range<Int>? {
    let table = try file.value(ELF64.sectionHeaders)
    let size = UInt64(try file.value(ELF64.sectionHeaderSize))
    let count = UInt64(try file.value(ELF64.sectionHeaderCount))
    guard table > 0, table <= file.byteCount, table + size * count < file.byteCount else {
      return nil
    }
    return Int(table + size * count)..<file.byteCount
  }
}

extension RawSpan {
  fileprivate func value<Value>(
    _ field: Field<Value>, base: Int = 0
  ) throws(VmlinuxError) -> Value {
    do {
      return try load(field, base: base)
    } catch {
      throw .truncated
    }
  }
}
