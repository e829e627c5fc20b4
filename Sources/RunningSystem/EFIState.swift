package import LinuxSystem

/// The EFI state of the running kernel, as far as the next kernel needs it.
///
/// Documented in Documentation/ABI/testing/sysfs-firmware-efi and …-efi-runtime-map.
package struct EFIState: Equatable, Sendable {
  /// One descriptor of the runtime map.
  package struct Descriptor: Equatable, Sendable {
    /// EFI memory type.
    package let type: UInt32
    /// Physical start.
    package let physicalStart: UInt64
    /// Where the running kernel mapped it; the next kernel must use the same.
    package let virtualStart: UInt64
    /// Length in pages of 4096 bytes.
    package let pageCount: UInt64
    /// EFI attribute bits.
    package let attribute: UInt64
  }

  /// Physical address of the firmware vendor's name, as mapped at boot.
  package let firmwareVendor: UInt64?
  /// Address of the runtime services table.
  package let runtimeServices: UInt64?
  /// Address of the configuration tables.
  package let configurationTable: UInt64?
  /// The lines `NAME=0x…` of the system table's summary.
  package let systemTable: [String: UInt64]
  /// Width of the firmware's code in bits, 32 or 64.
  package let platformSize: UInt64
  /// The runtime map, by number; empty when only root may read it.
  package let runtimeMap: [Descriptor]

  /// The tables that the system table points at.
  package let tables: EFITables

  /// Reads `/sys/firmware/efi`, or nil on a machine that was not booted through EFI. The physical
  /// address of the system table is in boot_params.
  package init?(in files: FileTree, at systemTableAddress: UInt64? = nil) {
    let directory = "/sys/firmware/efi"
    guard files.exists(directory) else { return nil }
    firmwareVendor = files.number("\(directory)/fw_vendor")
    runtimeServices = files.number("\(directory)/runtime")
    configurationTable = files.number("\(directory)/config_table")
    platformSize = files.number("\(directory)/fw_platform_size") ?? 64
    let lines = (files.text("\(directory)/systab") ?? "").split(separator: "\n")
    systemTable = lines.reduce(into: [:]) { table, line in
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let value = UInt64(cNumber: parts[1]) else { return }
      if table[String(parts[0])] == nil { table[String(parts[0])] = value }
    }
    tables = EFITables(in: files, array: configurationTable, systemTable: systemTableAddress)
    let map = "\(directory)/runtime-map"
    runtimeMap = (files.numberedNames(in: map) ?? []).compactMap { number in
      guard let type = files.number("\(map)/\(number)/type"),
        let physical = files.number("\(map)/\(number)/phys_addr"),
        let virtual = files.number("\(map)/\(number)/virt_addr"),
        let pages = files.number("\(map)/\(number)/num_pages"),
        let attribute = files.number("\(map)/\(number)/attribute")
      else { return nil }
      return Descriptor(
        type: UInt32(truncatingIfNeeded: type), physicalStart: physical, virtualStart: virtual,
        pageCount: pages, attribute: attribute)
    }
  }

  /// Physical address of the ACPI RSDP: "ACPI20" before "ACPI".
  package var rsdpAddress: UInt64? { systemTable["ACPI20"] ?? systemTable["ACPI"] }
}
