package import ByteCoding

/// Makes bzImage files. The defaults are those of Debian's 6.1.0-56-cloud-amd64, with a much
/// smaller protected-mode part.
///
/// Offsets are written here a second time, so that a wrong one in the product is found.
package struct BzImageBuilder: Sendable {
  /// The contents of the last four bytes.
  package enum Checksum: Sendable {
    case valid, wrong, absent
  }

  /// setup_sects.
  package var setupSectors: UInt8 = 0x27
  /// Size of the protected-mode part in bytes, a multiple of 16; larger if the payload needs it.
  package var protectedModeSize = 0x1000
  /// Boot protocol version.
  package var version: UInt16 = 0x020F
  /// The kernel's version string; nil for none.
  package var name: String? = "6.1.0-56-cloud-amd64 (builder@example) #1 SMP"
  /// Byte 0x201: the header ends at 0x202 plus this.
  package var jumpDistance: UInt8 = 0x6A
  /// loadflags.
  package var loadFlags: UInt8 = 1
  /// code32_start.
  package var protectedEntry: UInt32 = 0x10_0000
  /// initrd_addr_max.
  package var initrdAddressMax: UInt32 = 0x7FFF_FFFF
  /// kernel_alignment.
  package var kernelAlignment: UInt32 = 0x20_0000
  /// relocatable_kernel.
  package var isRelocatable = true
  /// xloadflags.
  package var xloadflags: UInt16 = 0x7F
  /// cmdline_size.
  package var commandLineSize: UInt32 = 0x7FF
  /// pref_address.
  package var preferredAddress: UInt64 = 0x100_0000
  /// init_size.
  package var initSize: UInt32 = 0x337_8000
  /// Bytes that overwrite the finished header, with their offset in the file, before the checksum
  /// is computed.
  package var lies: [(offset: Int, bytes: [UInt8])] = []
  /// The start of .text, if the PE header has that section.
  package var codeStart: UInt32?
  /// setup_type_max of kernel_info; nil for no kernel_info.
  package var highestSetupData: UInt32? = 0x8000_0009
  /// The compressed kernel followed by its unpacked size, at 0x400 of the protected-mode part. If
  /// it is empty, the header says that there is no payload.
  package var payload: [UInt8] = []
  /// The contents of the last four bytes.
  package var checksum = Checksum.valid
  /// Whether the file is an EFI program of 32 bits (PE32), like kernels for i386.
  package var isPE32 = false
  /// Whether the file has a certificate, and the PE fields that signing writes.
  package var isSigned = false

  /// The default kernel.
  package init() {}

  /// The default kernel with some changes.
  package init(_ change: (inout BzImageBuilder) -> Void) {
    change(&self)
  }

  /// Size of the real-mode part in bytes.
  package var realModeSize: Int { (Int(setupSectors == 0 ? 4 : setupSectors) + 1) * 512 }

  /// Size in bytes that syssize covers; a certificate follows.
  package var limit: Int { realModeSize + fullSize }

  /// Size of the protected-mode part in bytes, including the payload.
  private var fullSize: Int {
    let needed = (Self.payloadOffset + payload.count + 0x50 + 15) & ~15
    return payload.isEmpty ? protectedModeSize : max(protectedModeSize, needed)
  }

  private static let payloadOffset = 0x400

  /// The bytes of the file.
  package var bytes: [UInt8] {
    var file = [UInt8](repeating: 0, count: realModeSize)
    storePEHeader(into: &file)
    storeSetupHeader(into: &file)
    file += (0..<fullSize).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    if !payload.isEmpty { file.store(payload, at: realModeSize + Self.payloadOffset) }
    if let highestSetupData {
      let info = realModeSize + kernelInfoOffset
      file.store(Array("LToP".utf8), at: info)
      file.store(UInt32(0x10), as: Field(info + 4))
      file.store(UInt32(0x10), as: Field(info + 8))
      file.store(highestSetupData, as: Field(info + 12))
    }
    for lie in lies { file.store(lie.bytes, at: lie.offset) }
    let end = file.count - 4
    switch checksum {
    case .valid: file.store(~zlibCRC32(file[..<end]), as: Field(end))
    case .wrong: file.store(zlibCRC32(file[..<end]) | 1, as: Field(end))
    case .absent: file.store(UInt32(0), as: Field(end))
    }
    if isSigned {
      let certificate = [UInt8](repeating: 0x30, count: 0x5C0)
      file.store(UInt32(0x00D8_C0DE), as: Field(Self.optionalHeader + 64))
      let entry = Self.optionalHeader + (isPE32 ? 128 : 144)
      file.store(UInt32(file.count), as: Field(entry))
      file.store(UInt32(certificate.count), as: Field(entry + 4))
      file += certificate
    }
    return file
  }

  /// The file in the product's type.
  package var file: SharedBytes { SharedBytes(bytes) }

  private static let optionalHeader = 0x80 + 24

  private var kernelInfoOffset: Int { fullSize - 0x40 }

  private func storePEHeader(into file: inout [UInt8]) {
    file.store(Array("MZ".utf8), at: 0)
    file.store(UInt32(0x80), as: Field(0x3C))
    file.store(Array("PE".utf8), at: 0x80)
    file.store(isPE32 ? UInt16(0x14C) : 0x8664, as: Field(0x84))  // machine
    file.store(UInt16(1), as: Field(0x86))  // sections
    file.store(UInt16(0xA0), as: Field(0x94))  // size of the optional header
    // PE32 or PE32+
    file.store(isPE32 ? UInt16(0x10B) : 0x20B, as: Field(Self.optionalHeader))
    let section = Self.optionalHeader + 0xA0
    file.store(Array((codeStart == nil ? ".setup" : ".text").utf8), at: section)
    file.store(codeStart ?? 0, as: Field(section + 20))
  }

  private func storeSetupHeader(into file: inout [UInt8]) {
    file.store(setupSectors, as: Field(0x1F1))
    file.store(UInt16(1), as: Field(0x1F2))  // root_flags
    file.store(UInt32(fullSize / 16), as: Field(0x1F4))
    file.store(UInt16(0xFFFF), as: Field(0x1FA))  // vid_mode
    file.store(UInt16(0xAA55), as: Field(0x1FE))
    file.store([0xEB, jumpDistance], at: 0x200)
    file.store(Array("HdrS".utf8), at: 0x202)
    file.store(version, as: Field(0x206))
    if let name {
      file.store(UInt16(0x300), as: Field(0x20E))
      file.store(Array(name.utf8) + [0], at: 0x500)
    }
    file.store(loadFlags, as: Field(0x211))
    file.store(protectedEntry, as: Field(0x214))
    file.store(initrdAddressMax, as: Field(0x22C))
    file.store(kernelAlignment, as: Field(0x230))
    file.store(isRelocatable ? UInt8(1) : 0, as: Field(0x234))
    file.store(UInt8(0x15), as: Field(0x235))  // min_alignment
    file.store(xloadflags, as: Field(0x236))
    file.store(commandLineSize, as: Field(0x238))
    if !payload.isEmpty {
      file.store(UInt32(Self.payloadOffset), as: Field(0x248))
      file.store(UInt32(payload.count), as: Field(0x24C))
    }
    file.store(preferredAddress, as: Field(0x258))
    file.store(initSize, as: Field(0x260))
    file.store(highestSetupData == nil ? 0 : UInt32(kernelInfoOffset), as: Field(0x268))
  }
}

/// The CRC-32 of zlib, computed bit by bit.
package func zlibCRC32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var register: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    register ^= UInt32(byte)
    for _ in 0..<8 { register = register >> 1 ^ (register & 1 == 0 ? 0 : 0xEDB8_8320) }
  }
  return ~register
}
