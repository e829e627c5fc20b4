package import ByteCoding
internal import Compression

/// A bzImage: the real-mode part with the setup header, and the protected-mode part that is
/// loaded. Documented in Documentation/arch/x86/boot.rst.
package struct BzImage: Sendable {
  /// The real-mode part, with the setup header.
  package let realMode: SharedBytes
  /// The protected-mode part: what goes into memory as it is.
  package let protectedMode: SharedBytes
  /// The setup header's bytes, from 0x1F1 to its end, for boot_params, with corrected fields.
  package let headerBytes: [UInt8]
  /// Boot protocol version, 0x020F for 2.15.
  package let version: UInt16
  /// The kernel's version text, such as "6.1.0-56-cloud-amd64 (…) #1 SMP …".
  package let kernelVersion: String?
  /// The most characters that the command line may have, without its terminator.
  package let commandLineLimit: Int
  /// What the kernel can do: XLF_ bits; empty before 2.12.
  package let extendedFlags: ExtendedLoadFlags
  /// Whether it can be entered only in real mode, like iPXE: it has no address for an entry in protected mode
  /// (code32_start), which every Linux kernel has; or it is memdisk.
  package let isForBIOSOnly: Bool
  /// Whether it is memdisk of the Syslinux project, with which a BIOS starts from the disk image in its
  /// initrd. Its header has an entry in protected mode all the same.
  package let isMemdisk: Bool
  /// Whether it runs at any aligned address from `preferredAddress` up.
  package let isRelocatable: Bool
  /// The alignment of its load address: a power of two, at least a page.
  package let alignment: UInt64
  /// The packed kernel; nil when the image does not tell where it is.
  package let payload: Payload?
  /// The preferred load address, and the lowest one at which it can run.
  package let preferredAddress: UInt64
  /// Bytes that must be free RAM from its load address on.
  package let initSize: UInt64
  /// The highest byte that an initrd may use when it must be below 4 GiB.
  package let initrdAddressLimit: UInt64
  /// The highest type of setup_data that the kernel understands; nil when it does not tell.
  package let highestSetupDataType: UInt32?
  /// The fields with corrected values, in the order in which they were read.
  package let mended: [MendedField]
  /// The bytes that the stored checksum covers, and the checksum itself; nil when the file has none.
  private let checksummed: [SharedBytes]?

  /// Whether the file has the signature of a Linux setup header.
  ///
  /// - Throws: when only the boot sector's signature is missing, which belongs to it.
  static func isRecognised(in bytes: SharedBytes) throws(ImageError) -> Bool {
    let span = bytes.span
    guard let magic = try? span.load(SetupHeader.header), magic == SetupHeader.magic,
      let flag = try? span.load(SetupHeader.bootFlag)
    else { return false }
    guard flag == BootSector.signatureValue else {
      throw .badField(
        name: "boot_flag", offset: SetupHeader.bootFlag.offset, found: UInt64(flag),
        wanted: .bootFlag)
    }
    return true
  }

  /// Reads the header of the bzImage in `bytes` and checks that all of it is there.
  init(_ bytes: SharedBytes) throws(ImageError) {
    let header = try HeaderReader(bytes)
    version = header.version
    let flags = LoadFlags(
      rawValue: try header.value(of: SetupHeader.loadflags, since: BootProtocol.v2_00) ?? 0)
    guard flags.contains(.loadedHigh) else {
      // A relocatable kernel is never loaded low.
      guard version >= BootProtocol.v2_05 else { throw .unsupported(.zImage) }
      throw .badField(
        name: "loadflags", offset: SetupHeader.loadflags.offset, found: UInt64(flags.rawValue),
        wanted: .loadedHigh)
    }
    try header.checkEnd()

    let parts = try header.parts()
    realMode = parts.realMode
    protectedMode = parts.protectedMode
    kernelVersion = header.kernelVersion(realModeSize: parts.realMode.count)
    payload = try header.payload(in: parts)
    var fields = FieldReader(header, payload: payload, packedSize: protectedMode.count)
    commandLineLimit = try fields.commandLineLimit()
    extendedFlags = try fields.extendedFlags()
    guard protectedMode.count > 0 else {
      throw .badField(
        name: "syssize", offset: SetupHeader.syssize.offset, found: 0, wanted: .nonzero)
    }
    guard
      !extendedFlags.contains(.has64BitEntry) || protectedMode.count > SetupHeader.entry64Offset
    else {
      throw .badField(
        name: "syssize", offset: SetupHeader.syssize.offset,
        found: UInt64(SetupHeader.paragraphs(in: protectedMode.count)),
        wanted: .beyond64BitEntry)
    }
    isMemdisk = kernelVersion?.hasPrefix("MEMDISK ") ?? false
    isForBIOSOnly = try fields.isForBIOSOnly(extendedFlags) || isMemdisk
    isRelocatable =
      (try header.value(of: SetupHeader.relocatableKernel, since: BootProtocol.v2_05) ?? 0) != 0
    alignment = try fields.alignment()
    preferredAddress = try fields.preferredAddress(alignment: alignment)
    initrdAddressLimit = try fields.initrdAddressLimit()
    initSize = try fields.initSize()
    highestSetupDataType = try header.highestSetupDataType(in: parts.protectedMode)
    checksummed = parts.checksummed
    mended = fields.mended
    headerBytes = try header.bytes(mending: mended)
  }

  /// Whether the stored checksum is right; nil when the file has none. This reads the whole file.
  package var checksumMatches: Bool? {
    checksummed.map { parts in
      var checksum = CRC32()
      parts.forEach { checksum.add($0) }
      return checksum.value == 0xFFFF_FFFF
    }
  }

  /// The compressed kernel inside the protected-mode part.
  package struct Payload: Sendable {
    /// The compressed stream; the size of what it unpacks to may follow it.
    package let bytes: SharedBytes
    /// Bytes that it unpacks to, according to the image: at most 4 GiB.
    package let unpackedSize: Int
  }

  /// The kernel's release: the first word of its version.
  package var release: String? { kernelVersion?.split(separator: " ").first.map(String.init) }

  /// The boot protocol version as people write it, such as "2.15".
  package var versionText: String {
    let minor = version & 0xFF
    return "\(version >> 8).\(minor < 10 ? "0" : "")\(minor)"
  }
}
