package import LinuxSystem

extension Machine {
  /// Reads the ACPI root pointer (RSDP) itself, for kernels that want a copy of it: where EFI or
  /// boot_params say that it is, else where a BIOS puts it. Without the right to read physical
  /// memory, `acpiRootPointer` stays nil.
  package mutating func readRootPointer(_ files: FileTree) {
    let stated = efi?.acpiRootPointer ?? bootParametersRootPointer
    if let stated, stated != 0 {
      acpiRootPointer = files.rootPointer(at: stated)
      return
    }
    // "OSPM finds the RSDP by searching … the BIOS read-only memory space between 0E0000h and
    // 0FFFFFh, on 16-byte boundaries": ACPI specification, 5.2.5.1.
    guard let bios = try? files.read(Self.memory, at: 0xE0000, count: 0x20000) else { return }
    for offset in stride(from: 0, to: bios.count - 20, by: 16)
    where bios[offset..<(offset + 8)].elementsEqual(FileTree.rootPointerSignature) {
      if let found = files.rootPointer(at: 0xE0000 + UInt64(offset)) {
        acpiRootPointer = found
        return
      }
    }
  }

  /// boot_params.acpi_rsdp_addr.
  private var bootParametersRootPointer: UInt64? {
    bootParameters.map { bytes in
      (0x70..<0x78).reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
  }

  /// Physical memory.
  fileprivate static let memory = "/dev/mem"
}

extension FileTree {
  fileprivate static let rootPointerSignature = Array("RSD PTR ".utf8)

  /// The root pointer at physical address `address`: 20 bytes, or as many as it says from version 2
  /// on; nil when its signature or a checksum is wrong.
  fileprivate func rootPointer(at address: UInt64) -> [UInt8]? {
    guard let bytes = try? read(Machine.memory, at: address, count: 36),
      bytes.count == 36, bytes[..<8].elementsEqual(Self.rootPointerSignature),
      bytes[..<20].reduce(0, &+) == 0
    else { return nil }
    if bytes[15] < 2 { return Array(bytes[..<20]) }
    let length = bytes[20..<24].reversed().reduce(0) { $0 << 8 | Int($1) }
    return length == 36 && bytes.reduce(0, &+) == 0 ? bytes : nil
  }
}
