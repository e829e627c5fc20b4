internal import RunningSystem
internal import ByteCoding
package import PhysicalMemory

/// The next kernel's memory map in the form of the e820 table: entries of 20 bytes.
package struct E820Table: Equatable, Sendable {
  /// Bytes of one entry: u64 address, u64 size, u32 type, without padding.
  package static let entrySize = 20

  /// The entries, lowest first.
  package let entries: [MemoryMap.Entry]

  /// The table for `map`. Neighbours of one kind that touch become one entry.
  package init(_ map: MemoryMap) {
    var entries: [MemoryMap.Entry] = []
    for entry in map.entries {
      if let last = entries.last, last.kind == entry.kind, last.range.end == entry.range.start {
        entries[entries.count - 1] = .init(
          PhysicalRange(start: last.range.start, end: entry.range.end), entry.kind)
      } else {
        entries.append(entry)
      }
    }
    self.entries = entries
  }

  /// The entries that fit into boot_params.
  var inBootParameters: ArraySlice<MemoryMap.Entry> {
    entries.prefix(BootParameters.e820Limit)
  }

  /// The entries that go into a SETUP_E820_EXT node.
  var inExtension: ArraySlice<MemoryMap.Entry> {
    entries.dropFirst(BootParameters.e820Limit)
  }

  /// The bytes of `entries`.
  static func encode(_ entries: some Sequence<MemoryMap.Entry>) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
      bytes.append(littleEndian: entry.range.start.value)
      bytes.append(littleEndian: entry.range.byteCount)
      bytes.append(littleEndian: entry.kind.e820Type)
    }
    return bytes
  }

  /// KiB of the RAM that covers 1 MiB, counted from there; for alt_mem_k.
  var kibibytesAbove1MiB: UInt64 {
    let mebibyte = PhysicalAddress(.mebibytes(1))
    let covering = entries.first { $0.kind == .ram && $0.range.contains(mebibyte) }
    return covering.map { $0.range.end.distance(from: mebibyte) / .kibibytes(1) } ?? 0
  }
}
