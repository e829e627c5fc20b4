internal import ByteCoding
internal import LinuxSystem

extension FileTree {
  /// The ACPI RSDP itself: where EFI or boot_params say that it is, else where a BIOS puts it; nil
  /// without the right to read physical memory.
  func rsdp(efi: EFIState?, bootParameters: [UInt8]?) -> [UInt8]? {
    let stated =
      efi?.rsdpAddress
      ?? bootParameters?.loadField(BootParameters.acpiRSDPAddress)
    if let stated, stated != 0 { return rsdp(at: stated) }
    // "OSPM finds the RSDP by searching … the BIOS read-only memory space between 0E0000h and
    // 0FFFFFh, on 16-byte boundaries": ACPI specification, 5.2.5.1.
    guard let bios = try? read(Self.memory, at: 0xE0000, count: 0x20000) else { return nil }
    return stride(from: 0, to: bios.count - 20, by: 16).lazy
      .filter { bios[$0..<($0 + 8)].elementsEqual(Self.rsdpSignature) }
      .compactMap { self.rsdp(at: 0xE0000 + UInt64($0)) }.first
  }

  /// Physical memory.
  private static let memory = "/dev/mem"
  private static let rsdpSignature = Array("RSD PTR ".utf8)

  /// The RSDP at physical address `address`: 20 bytes, or as many as it says from version 2
  /// on; nil when its signature or a checksum is wrong.
  private func rsdp(at address: UInt64) -> [UInt8]? {
    guard let bytes = try? read(Self.memory, at: address, count: 36),
      bytes.count == 36, bytes[..<8].elementsEqual(Self.rsdpSignature),
      bytes[..<20].reduce(0, &+) == 0
    else { return nil }
    if bytes[15] < 2 { return Array(bytes[..<20]) }
    let length = bytes[20..<24].reversed().reduce(0) { ($0 << 8) | Int($1) }
    return length == 36 && bytes.reduce(0, &+) == 0 ? bytes : nil
  }
}
