internal import ByteCoding
package import RunningSystem

/// EFI state in the form that the next kernel takes over: a runtime map, the system table, and the tables
/// whose addresses the running kernel has changed.
package struct EFIHandover: Equatable, Sendable {
  /// Bytes of one descriptor: u32 type, u32 pad, u64 physical, u64 virtual, u64 pages,
  /// u64 attribute.
  static let descriptorSize = 40
  /// The only version of descriptors.
  static let descriptorVersion: UInt32 = 1

  /// Bytes of the eight reserved words at the end of the SETUP_EFI node.
  private static let reservedSize = 64

  /// The SETUP_EFI node: firmware vendor, runtime (unused since), tables, SMBIOS, 8 reserved words.
  package let setupData: SetupData
  /// The runtime map.
  let runtimeMap: [UInt8]

  /// Why EFI state cannot be handed over.
  package enum Refusal: Error, Equatable, Sendable {
    /// The firmware's code is for 32 bits: the next kernel could not call it.
    case mixedMode
    /// The map's descriptors have another version than 1.
    case descriptorVersion(UInt32)
    /// The file below /sys/firmware/efi is missing or not readable.
    case missing(String)
    /// The kernel exports no runtime map, or only root may read it.
    case noRuntimeMap
  }

  /// The handover of `efi`; the running kernel's boot_params are in `bootParameters`.
  package init(_ efi: EFIState, bootParameters: [UInt8]) throws(Refusal) {
    guard efi.platformSize == 64 else { throw .mixedMode }
    let version = bootParameters.loadField(BootParameters.efiMemdescVersion)
    guard version == Self.descriptorVersion else { throw .descriptorVersion(version) }
    guard let vendor = efi.firmwareVendor else { throw .missing("fw_vendor") }
    guard let tables = efi.configurationTable else { throw .missing("config_table") }
    guard !efi.runtimeMap.isEmpty else { throw .noRuntimeMap }

    var payload: [UInt8] = []
    let smbios = efi.systemTable["SMBIOS"] ?? 0
    for word in [vendor, efi.runtimeServices ?? 0, tables, smbios] {
      payload.append(littleEndian: word)
    }
    setupData = SetupData(.efi, payload + [UInt8](repeating: 0, count: Self.reservedSize))

    var map: [UInt8] = []
    for descriptor in efi.runtimeMap {
      map.append(littleEndian: descriptor.type)
      map.append(littleEndian: UInt32(0))
      map.append(littleEndian: descriptor.physicalStart)
      map.append(littleEndian: descriptor.virtualStart)
      map.append(littleEndian: descriptor.pageCount)
      map.append(littleEndian: descriptor.attribute)
    }
    runtimeMap = map
  }
}
