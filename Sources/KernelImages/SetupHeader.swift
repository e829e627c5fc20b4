package import ByteCoding

/// Offsets in the setup header of a bzImage, which are also offsets in boot_params.
///
/// Documented in Documentation/arch/x86/boot.rst, "Details of Header Fields".
package enum SetupHeader {
  /// Where the header starts in the file and in boot_params.
  package static let start = 0x1F1
  /// The byte behind the jump at 0x200, from which the jump's distance counts.
  package static let lengthBase = 0x202
  /// What `kernelVersion` and `heapEndPtr` count from.
  package static let offsetBase = 0x200
  /// Bytes of the unit of `setupSects`.
  package static let sectorSize = 512
  /// What `setupSects` 0 means.
  package static let usualSetupSects = 4
  /// Bytes of the unit of `syssize`.
  package static let paragraphSize = 16
  /// From the protected-mode part's start to the 64-bit entry.
  package static let entry64Offset = 0x200
  /// No header extends further than this, whatever its length says.
  package static let limit = 0x290

  /// Sectors of the real-mode part without the first; 0 means 4.
  package static let setupSects = Field<UInt8>(0x1F1)
  /// Size of the protected-mode part in units of 16 bytes, rounded up. Since 2.04.
  package static let syssize = Field<UInt32>(0x1F4)
  /// The screen mode for the real-mode entry: `normalMode`.
  package static let vidMode = Field<UInt16>(0x1FA)
  /// Must be `BootSector.signatureValue`.
  package static let bootFlag = Field<UInt16>(0x1FE)
  /// First byte of the jump instruction at 0x200: `shortJump`.
  package static let jump = Field<UInt8>(0x200)
  /// Second byte of the jump instruction at 0x200: the header ends at 0x202 plus this.
  package static let jumpDistance = Field<UInt8>(0x201)
  /// Must be "HdrS". Since 2.00.
  package static let header = Field<UInt32>(0x202)
  /// A `BootProtocol`.
  package static let version = Field<UInt16>(0x206)
  /// File offset less 0x200 of the text that names the kernel; 0 when there is none.
  package static let kernelVersion = Field<UInt16>(0x20E)
  /// The loader: `kexecLoader`.
  package static let typeOfLoader = Field<UInt8>(0x210)
  /// Bits: see `LoadFlags`.
  package static let loadflags = Field<UInt8>(0x211)
  /// Where the protected-mode part is, for the 32-bit entry; 0 in files that have none.
  package static let code32Start = Field<UInt32>(0x214)
  /// Physical address of the initrd, low half.
  package static let ramdiskImage = Field<UInt32>(0x218)
  /// Bytes of the initrd, low half.
  package static let ramdiskSize = Field<UInt32>(0x21C)
  /// End of the heap less 0x200, for the real-mode entry. Since 2.01.
  package static let heapEndPtr = Field<UInt16>(0x224)
  /// Physical address of the command line, low half. Since 2.02.
  package static let cmdLinePtr = Field<UInt32>(0x228)
  /// The last byte that an initrd may use, for the 32-bit entry. Since 2.03.
  package static let initrdAddrMax = Field<UInt32>(0x22C)
  /// Alignment that the kernel wants, a power of two. Since 2.05.
  package static let kernelAlignment = Field<UInt32>(0x230)
  /// Not 0 when the kernel runs at any aligned address. Since 2.05.
  package static let relocatableKernel = Field<UInt8>(0x234)
  /// The binary logarithm of the least alignment with which it runs. Since 2.10.
  package static let minAlignment = Field<UInt8>(0x235)
  /// Bits: see `ExtendedLoadFlags`. Since 2.12.
  package static let xloadflags = Field<UInt16>(0x236)
  /// The most characters a command line may have, without the terminator. Since 2.06.
  package static let cmdlineSize = Field<UInt32>(0x238)
  /// The kind of PC. Since 2.07.
  package static let hardwareSubarch = Field<UInt32>(0x23C)
  /// Data about the kind of PC. Since 2.07.
  package static let hardwareSubarchData = Field<UInt64>(0x240)
  /// Offset of the compressed kernel in the protected-mode part. Since 2.08.
  package static let payloadOffset = Field<UInt32>(0x248)
  /// Bytes of the compressed kernel. Since 2.08.
  package static let payloadLength = Field<UInt32>(0x24C)
  /// Physical address of the first setup_data node. Since 2.09.
  package static let setupData = Field<UInt64>(0x250)
  /// Where the kernel would like to run, and the lowest address where it can. Since 2.10.
  package static let prefAddress = Field<UInt64>(0x258)
  /// Bytes the kernel needs from its run address on before it knows the memory map. Since 2.10.
  package static let initSize = Field<UInt32>(0x260)
  /// The entry of old EFI loaders. Since 2.11.
  package static let handoverOffset = Field<UInt32>(0x264)
  /// Offset of kernel_info in the protected-mode part. Since 2.15.
  package static let kernelInfoOffset = Field<UInt32>(0x268)

  /// How many units of `syssize` so many bytes take.
  static func paragraphs(in byteCount: Int) -> Int {
    (byteCount + paragraphSize - 1) / paragraphSize
  }

  /// The value of `header` in every kernel since 2.00: "HdrS".
  package static let magic: UInt32 = 0x5372_6448
  /// The value of `jump` for a distance of one byte.
  package static let shortJump: UInt8 = 0xEB
  /// The value of `vidMode` for 80 by 25 characters.
  package static let normalMode: UInt16 = 0xFFFF
  /// The value of `typeOfLoader` for kexec.
  package static let kexecLoader: UInt8 = 0xD0
}

/// Versions of the boot protocol, by their numbers in `SetupHeader.version`.
package enum BootProtocol {
  /// The first with a setup header.
  package static let v2_00: UInt16 = 0x0200
  /// Has `heapEndPtr`.
  package static let v2_01: UInt16 = 0x0201
  /// Has `cmdLinePtr`: boot_params and the command line may be anywhere.
  package static let v2_02: UInt16 = 0x0202
  /// Has `initrdAddrMax`.
  package static let v2_03: UInt16 = 0x0203
  /// `syssize` has 32 bits.
  package static let v2_04: UInt16 = 0x0204
  /// Has `relocatableKernel`.
  package static let v2_05: UInt16 = 0x0205
  /// Has `cmdlineSize`.
  package static let v2_06: UInt16 = 0x0206
  /// Has `hardwareSubarch`.
  package static let v2_07: UInt16 = 0x0207
  /// Has the payload's place, and a checksum at the file's end.
  package static let v2_08: UInt16 = 0x0208
  /// Has `setupData`.
  package static let v2_09: UInt16 = 0x0209
  /// Has `prefAddress` and `initSize`.
  package static let v2_10: UInt16 = 0x020A
  /// Has `handoverOffset`.
  package static let v2_11: UInt16 = 0x020B
  /// Has `xloadflags`.
  package static let v2_12: UInt16 = 0x020C
  /// Has `kernelInfoOffset`.
  package static let v2_15: UInt16 = 0x020F
}

/// Offsets in the kernel_info that `SetupHeader.kernelInfoOffset` leads to.
enum KernelInfo {
  static let magic = Field<UInt32>(0)
  /// The value of `magic`: "LToP".
  static let magicValue: UInt32 = 0x506F_544C
  /// setup_type_max.
  static let setupTypeMax = Field<UInt32>(12)
}

/// The bits of `SetupHeader.loadflags`.
package struct LoadFlags: OptionSet, Sendable {
  /// The bits.
  package let rawValue: UInt8

  /// The flags in `rawValue`.
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The protected-mode part is loaded at 1 MiB or above: a bzImage. LOADED_HIGH.
  package static let loadedHigh = LoadFlags(rawValue: 1 << 0)
  /// The decompressor has moved the kernel. Set by the decompressor only. KASLR_FLAG.
  package static let kaslr = LoadFlags(rawValue: 1 << 1)
  /// The heap's end is set, for the real-mode entry. CAN_USE_HEAP.
  package static let canUseHeap = LoadFlags(rawValue: 1 << 7)
}

/// The bits of `SetupHeader.xloadflags`.
package struct ExtendedLoadFlags: OptionSet, Sendable {
  /// The bits.
  package let rawValue: UInt16

  /// The flags in `rawValue`.
  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// There is a 64-bit entry at 0x200. XLF_KERNEL_64.
  package static let has64BitEntry = ExtendedLoadFlags(rawValue: 1 << 0)
  /// Kernel, boot_params, command line and initrd may be above 4 GiB.
  /// XLF_CAN_BE_LOADED_ABOVE_4G.
  package static let loadableAbove4GiB = ExtendedLoadFlags(rawValue: 1 << 1)
  /// EFI runtime state handed over by kexec is understood. XLF_EFI_KEXEC.
  package static let efiKexec = ExtendedLoadFlags(rawValue: 1 << 4)
  /// Supports a start under 5-level paging. XLF_5LEVEL.
  package static let fiveLevelStart = ExtendedLoadFlags(rawValue: 1 << 5)
  /// Uses 5-level paging where the CPU has it. XLF_5LEVEL_ENABLED.
  package static let fiveLevelUse = ExtendedLoadFlags(rawValue: 1 << 6)
}
