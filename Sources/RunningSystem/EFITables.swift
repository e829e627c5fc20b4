internal import ByteCoding
package import LinuxSystem
package import PhysicalMemory

/// The addresses of the tables that EFI's system table points to.
///
/// Some of them (memory attributes, TPM log, random seed) are in memory that firmware used only at boot and
/// that every map calls ordinary RAM. The next kernel follows the same pointers, reads what it finds there,
/// and clears the seed. So no segment may be placed there.
package struct EFITables: Equatable, Sendable {
  /// Physical addresses of the tables.
  package let addresses: [UInt64]

  /// Offsets in EFI's system table and in an entry of its configuration tables.
  private enum Layout {
    static let signature = "IBI SYST".utf8
    static let tableCount = Field<UInt64>(104)
    static let size = 120
    static let entrySize = 24
    static let entryAddress = Field<UInt64>(16)
  }

  /// The length of a table is not stated anywhere. This is more than the longest known one takes, the event
  /// log of a TPM.
  private static let space: UInt64 = .kibibytes(256)

  /// The memory to keep free, in whole pages.
  package var ranges: PhysicalRangeSet {
    PhysicalRangeSet(
      addresses.compactMap { address in
        PhysicalRange(
          start: PhysicalAddress(address).alignedDown(to: pageSize), byteCount: Self.space)
      })
  }

  /// Reads the addresses from the kernel's log, or from memory if the log no longer has them.
  ///
  /// - Parameters:
  ///   - files: the machine.
  ///   - array: the physical address of the configuration tables.
  ///   - systemTable: the physical address of the system table.
  package init(in files: FileTree, array: UInt64?, systemTable: UInt64?) {
    let message = files.kernelMessage { $0.isEFITableList }
    addresses =
      message.map { Self.addresses(inMessage: $0) }
      ?? Self.addressesInMemory(files, array: array, systemTable: systemTable) ?? []
  }

  /// Parses `efi: ACPI=0x… ACPI 2.0=0x… MEMATTR=0x… `.
  static func addresses(inMessage message: some StringProtocol) -> [UInt64] {
    message.split(separator: "=").dropFirst().compactMap { part in
      guard part.hasPrefix("0x") else { return nil }
      return UInt64(digits: part.dropFirst(2).prefix { $0.isHexDigit }, radix: 16)
    }
  }

  /// Reads the array itself, which is in firmware's own memory. UEFI Specification, "EFI System
  /// Table" and "EFI Configuration Table".
  private static func addressesInMemory(
    _ files: FileTree, array: UInt64?, systemTable: UInt64?
  ) -> [UInt64]? {
    guard let array, let systemTable, systemTable != 0,
      let header = try? files.read("/dev/mem", at: systemTable, count: Layout.size),
      header.count == Layout.size, header.starts(with: Layout.signature)
    else { return nil }
    let count = Int(clamping: header.loadField(Layout.tableCount))
    guard count > 0, count <= 256,
      let entries = try? files.read("/dev/mem", at: array, count: Layout.entrySize * count),
      entries.count == Layout.entrySize * count
    else { return nil }
    return (0..<count).map { entries.loadField(Layout.entryAddress, base: Layout.entrySize * $0) }
  }
}

extension Substring {
  /// Whether this is the kernel's list of the tables that it found: `efi: NAME=0x…`. In a captured log, times
  /// or the prefixes of /dev/kmsg come first.
  fileprivate var isEFITableList: Bool {
    let words = split(separator: " ")
    guard let start = words.firstIndex(where: { $0.hasSuffix("efi:") }) else { return false }
    return words[start...].contains { word in
      word.split(separator: "=").dropFirst().first?.hasPrefix("0x") ?? false
    }
  }
}
