internal import ByteCoding

/// What a range of physical memory is, in the terms of the e820 table.
package enum MemoryKind: Hashable, Sendable {
  /// Usable memory. Corresponds to E820_TYPE_RAM, 1.
  case ram
  /// Not to be touched. Corresponds to E820_TYPE_RESERVED, 2.
  case reserved
  /// ACPI tables, which may be reclaimed after reading. Corresponds to E820_TYPE_ACPI, 3.
  case acpiTables
  /// Memory that firmware keeps over sleep. Corresponds to E820_TYPE_NVS, 4.
  case acpiNonVolatile
  /// Memory with errors. Corresponds to E820_TYPE_UNUSABLE, 5.
  case unusable
  /// Non-volatile memory. Corresponds to E820_TYPE_PMEM, 7.
  case persistent
  /// Non-volatile memory from before the standard. Corresponds to E820_TYPE_PRAM, 12.
  case persistentLegacy
  /// RAM set aside for a driver. Corresponds to E820_TYPE_SOFT_RESERVED, 0xEFFFFFFF.
  case softReserved
  /// A type that only newer kernels or firmware know.
  case other(UInt32)

  /// The type in an e820 entry.
  package var e820Type: UInt32 {
    switch self {
    case .ram: 1
    case .reserved: 2
    case .acpiTables: 3
    case .acpiNonVolatile: 4
    case .unusable: 5
    case .persistent: 7
    case .persistentLegacy: 12
    case .softReserved: 0xEFFF_FFFF
    case .other(let type): type
    }
  }

  /// The meaning of the type in an e820 entry.
  package init(e820Type: UInt32) {
    let known: [MemoryKind] = [
      .ram, .reserved, .acpiTables, .acpiNonVolatile, .unusable, .persistent, .persistentLegacy,
      .softReserved,
    ]
    self = known.first { $0.e820Type == e820Type } ?? .other(e820Type)
  }

  /// The meaning of a name in `/sys/firmware/memmap/N/type` or at the top level of `/proc/iomem`.
  ///
  /// The match is exact: `System RAM (kmem)` belongs to a driver and is not usable RAM. An unknown name
  /// counts as reserved.
  package init(kernelName: String) {
    self =
      switch kernelName {
      case "System RAM": .ram
      case "ACPI Tables": .acpiTables
      case "ACPI Non-volatile Storage": .acpiNonVolatile
      case "Unusable memory": .unusable
      case "Persistent Memory": .persistent
      case "Persistent Memory (legacy)": .persistentLegacy
      case "Soft Reserved": .softReserved
      default: .reserved
      }
  }
}

/// The kinds of memory of a machine and their ranges: firmware's map, or one made from it.
package struct MemoryMap: Equatable, Sendable {
  /// One range of one kind. Its ends need not be page-aligned.
  package struct Entry: Hashable, Sendable {
    /// Where it is.
    package let range: PhysicalRange
    /// What it is.
    package let kind: MemoryKind

    /// The memory in `range` is of `kind`.
    package init(_ range: PhysicalRange, _ kind: MemoryKind) {
      self.range = range
      self.kind = kind
    }
  }

  /// The entries, lowest first.
  package let entries: [Entry]

  /// The map of `entries`, in any order.
  package init(_ entries: some Sequence<Entry>) {
    self.entries = entries.filter { !$0.range.isEmpty }.sorted { $0.range.start.value }
  }

  /// The memory of `kind`; ranges that touch are joined.
  package func ranges(of kind: MemoryKind) -> PhysicalRangeSet {
    PhysicalRangeSet(entries.lazy.filter { $0.kind == kind }.map { $0.range })
  }

  /// The RAM that no other entry overlaps.
  package var undisputedRAM: PhysicalRangeSet {
    ranges(of: .ram).subtracting(
      PhysicalRangeSet(entries.lazy.filter { $0.kind != .ram }.map { $0.range }))
  }
}
