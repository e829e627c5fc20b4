internal import ByteCoding
internal import LinuxSystem

extension FileTree {
  /// The bytes of the ACPI RSDP, at the address in EFI's tables or boot_params, or else where a BIOS puts it;
  /// nil without the right to read physical memory.
  func rsdp(efi: EFIState?, bootParameters: [UInt8]?) -> [UInt8]? {
    let stated =
      efi?.rsdpAddress
      ?? bootParameters?.loadField(BootParameters.acpiRSDPAddress)
    if let stated, stated != 0 { return rsdp(at: stated) }
    // "OSPM finds the RSDP by searching … the BIOS read-only memory space between 0E0000h and
    // 0FFFFFh, on 16-byte boundaries": ACPI specification, 5.2.5.1.
    guard
      let bios = try? read(
        Self.memory, at: Self.bios.lowerBound, count: Self.bios.count)
    else { return nil }
    return stride(from: 0, to: bios.count - RSDP.oldSize, by: RSDP.alignment).lazy
      .filter { bios[$0...].starts(with: Self.rsdpSignature) }
      .compactMap { self.rsdp(at: Self.bios.lowerBound + UInt64($0)) }.first
  }

  /// Physical memory.
  private static let memory = "/dev/mem"
  private static let rsdpSignature = Array("RSD PTR ".utf8)
  /// The read-only memory of a BIOS.
  private static let bios: Range<UInt64> = .kibibytes(896)..<(.mebibytes(1))

  /// Offsets in the RSDP, and its lengths. ACPI specification, 5.2.5.3.
  private enum RSDP {
    static let revision = Field<UInt8>(15)
    static let length = Field<UInt32>(20)
    /// Its length in ACPI 1.0, which its first checksum covers.
    static let oldSize = 20
    static let size = 36
    /// The first revision with a length.
    static let firstWithLength: UInt8 = 2
    /// Its address is a multiple of this.
    static let alignment = 16
  }

  /// The RSDP at physical address `address`: 20 bytes, or its stated length from revision 2 on; nil when its
  /// signature or a checksum is wrong.
  private func rsdp(at address: UInt64) -> [UInt8]? {
    guard let bytes = try? read(Self.memory, at: address, count: RSDP.size),
      bytes.count == RSDP.size, bytes.starts(with: Self.rsdpSignature),
      bytes[..<RSDP.oldSize].reduce(0, &+) == 0
    else { return nil }
    if bytes.loadField(RSDP.revision) < RSDP.firstWithLength {
      return Array(bytes[..<RSDP.oldSize])
    }
    return bytes.loadField(RSDP.length) == UInt32(RSDP.size) && bytes.reduce(0, &+) == 0
      ? bytes : nil
  }
}
