package import ByteCoding

/// Offsets in `struct boot_params`, the "zero page" that an x86 kernel gets from its loader. The next kernel
/// gets it from this program.
///
/// Documented in Documentation/arch/x86/zero-page.rst; the setup header's part of it is in
/// `SetupHeader`.
package enum BootParameters {
  /// Bytes in all.
  package static let size = 4096

  /// The text cursor's column. screen_info.orig_x.
  package static let origX = Field<UInt8>(0x000)
  /// The text cursor's line. screen_info.orig_y.
  package static let origY = Field<UInt8>(0x001)
  /// Memory above 1 MiB in KiB by the oldest BIOS call; a field of screen_info.
  package static let extMemK = Field<UInt16>(0x002)
  /// The largest value of `extMemK`: 63 MiB.
  package static let extMemKLimit: UInt64 = 0xFC00
  /// The BIOS's number of the video mode. screen_info.orig_video_mode.
  package static let origVideoMode = Field<UInt8>(0x006)
  /// Columns of the text screen. screen_info.orig_video_cols.
  package static let origVideoCols = Field<UInt8>(0x007)
  /// Lines of the text screen. screen_info.orig_video_lines.
  package static let origVideoLines = Field<UInt8>(0x00E)
  /// How the screen is driven; 0 for not at all. screen_info.orig_video_isVGA.
  package static let origVideoIsVGA = Field<UInt8>(0x00F)
  /// Pixels that a character is high. screen_info.orig_video_points.
  package static let origVideoPoints = Field<UInt16>(0x010)
  /// Physical address of the ACPI RSDP. acpi_rsdp_addr.
  package static let acpiRSDPAddress = Field<UInt64>(0x070)
  /// High half of the initrd's address. ext_ramdisk_image.
  package static let extRamdiskImage = Field<UInt32>(0x0C0)
  /// High half of the initrd's size. ext_ramdisk_size.
  package static let extRamdiskSize = Field<UInt32>(0x0C4)
  /// High half of the command line's address. ext_cmd_line_ptr.
  package static let extCmdLinePtr = Field<UInt32>(0x0C8)
  /// Physical address of the blob of a guest with encrypted memory (SEV-SNP); 0 without.
  /// cc_blob_address.
  package static let ccBlobAddress = Field<UInt32>(0x13C)
  /// "EL64" when there is EFI state. efi_info.efi_loader_signature.
  package static let efiLoaderSignature = Field<UInt32>(0x1C0)
  /// Low half of the EFI system table's address.
  package static let efiSystab = Field<UInt32>(0x1C4)
  /// Bytes of one descriptor of the EFI map.
  package static let efiMemdescSize = Field<UInt32>(0x1C8)
  /// Version of the descriptors: 1.
  package static let efiMemdescVersion = Field<UInt32>(0x1CC)
  /// Low half of the EFI map's address.
  package static let efiMemmap = Field<UInt32>(0x1D0)
  /// Bytes of the EFI map.
  package static let efiMemmapSize = Field<UInt32>(0x1D4)
  /// High half of the EFI system table's address.
  package static let efiSystabHigh = Field<UInt32>(0x1D8)
  /// High half of the EFI map's address.
  package static let efiMemmapHigh = Field<UInt32>(0x1DC)
  /// Memory above 1 MiB in KiB. alt_mem_k.
  package static let altMemK = Field<UInt32>(0x1E0)
  /// How many entries of the e820 table are used.
  package static let e820Entries = Field<UInt8>(0x1E8)
  /// What firmware says of Secure Boot. secure_boot.
  package static let secureBoot = Field<UInt8>(0x1EC)
  /// The value of `secureBoot` when it is on. efi_secureboot_mode_enabled.
  package static let secureBootEnabled: UInt8 = 3
  /// The e820 table: 128 entries of 20 bytes.
  package static let e820Table = 0x2D0
  /// How many entries the e820 table has space for. E820_MAX_ENTRIES_ZEROPAGE.
  package static let e820Limit = 128

  /// What the next kernel inherits from the boot_params of the running one, byte for byte: facts about the
  /// machine that only firmware tells.
  package static let inherited: [Range<Int>] = [
    0x000..<0x040,  // screen_info
    0x060..<0x070,  // ist_info
    0x070..<0x078,  // acpi_rsdp_addr
    0x0B0..<0x0C0,  // olpc_ofw_header
    0x13C..<0x140,  // cc_blob_address
    0x140..<0x1C0,  // edid_info
    0x1E9..<0x1EB,  // eddbuf_entries, edd_mbr_sig_buf_entries
    0x1EB..<0x1EC,  // kbd_status
    0x1EC..<0x1ED,  // secure_boot
    0x23C..<0x248,  // hdr.hardware_subarch, hardware_subarch_data
    0x290..<0x2D0,  // edd_mbr_sig_buffer
    0xD00..<0xEEC,  // eddbuf
  ]
}
