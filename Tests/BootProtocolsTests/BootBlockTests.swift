import ByteCoding
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import BootProtocols

@Suite struct BootBlockTests {
  /// The smallest load that is known to boot: the specification's example, byte for byte, plus the
  /// screen and memory sizes that we set.
  @Test("The smallest load gives exactly the boot_params bytes of the specification's example")
  func encodesSmallestBootParams() {
    let header: [UInt8] = bytes(
      hex: """
        27        # setup_sects
        01 00     # root_flags
        20820D00  # syssize
        0000 FFFF 0000 55AA  # ram_size, vid_mode, root_dev, boot_flag
        EB6A      # jump
        48647253  # HdrS
        0F02      # version
        00000000 0010 C042  # realmode_swtch, start_sys_seg, kernel_version
        00 03     # type_of_loader, loadflags with KASLR_FLAG
        0080 00001000  # setup_move_size, code32_start
        00000000 00000000 00000000  # ramdisk_image, ramdisk_size, bootsect_kludge
        0000 00 00 00000000  # heap_end_ptr, ext_loader_ver, ext_loader_type, cmd_line_ptr
        FFFFFF7F 00002000 01 15 7F00 FF070000  # initrd_addr_max … cmdline_size
        """)
    let map = MemoryMap([
      entry(0x1000, 0x9_EC00, .ram), entry(0x9_FC00, 0x400, .reserved),
      entry(0xF_0000, 0x1_0000, .reserved), entry(0x10_0000, 0x5FEE_0000, .ram),
      entry(0x5FFE_0000, 0x2_0000, .reserved),
    ])
    let block = BootBlock(
      header: header, inherited: nil, commandLine: Array("console=ttyS0".utf8), e820: E820Table(map)
    )
    let base = PhysicalAddress(0x1000_0000)
    let initrd = PhysicalRange(start: PhysicalAddress(0x3000_0000), byteCount: 0x12_3456)
    let encoded = block.encode(at: base, initrd: initrd)
    let wanted = bytes(
      hex: """
        @000 00 19     # orig_x, orig_y
        00FC           # ext_mem_k, capped
        0000 03 50     # orig_video_page, orig_video_mode, orig_video_cols
        @00E 19 01     # orig_video_lines, orig_video_isVGA
        1000           # orig_video_points
        @1E0 80FB1700  # alt_mem_k: 0x5FEE0000 >> 10
        @1E8 05        # e820_entries
        @1F1 27 0100 20820D00 0000 FFFF 0000 55AA EB6A 48647253 0F02 00000000 0010 C042
        D0             # type_of_loader: kexec
        01             # loadflags without KASLR_FLAG
        0080 00001000
        00000030 56341200 00000000  # ramdisk_image, ramdisk_size
        0000 00 00 00100010         # cmd_line_ptr
        FFFFFF7F 00002000 01 15 7F00 FF070000
        @2D0 0010000000000000 00EC090000000000 01000000
        00FC090000000000 0004000000000000 02000000
        00000F0000000000 0000010000000000 02000000
        0000100000000000 0000EE5F00000000 01000000
        0000FE5F00000000 0000020000000000 02000000
        @1000 636F6E736F6C653D747479533000  # console=ttyS0
        @1050          # room for the purgatory's word, and up to the next 16 bytes
        """)
    #expect(differences(encoded, wanted).isEmpty)
    #expect(block.byteCount == encoded.count)
  }

  @Test("Addresses and sizes above 4 GiB fill both halves of their boot_params fields")
  func addressesAbove4GiBFillBothHalves() {
    let encoded = block().encode(
      at: PhysicalAddress(0x12_3456_7000),
      initrd: PhysicalRange(start: PhysicalAddress(0x22_8000_0000), byteCount: 0x1_0000_0010))
    #expect(encoded.loadField(Field<UInt32>(0x228)) == 0x3456_8000)  // cmd_line_ptr
    #expect(encoded.loadField(Field<UInt32>(0x0C8)) == 0x12)
    #expect(encoded.loadField(Field<UInt32>(0x218)) == 0x8000_0000)  // ramdisk_image
    #expect(encoded.loadField(Field<UInt32>(0x0C0)) == 0x22)
    #expect(encoded.loadField(Field<UInt32>(0x21C)) == 0x10)  // ramdisk_size
    #expect(encoded.loadField(Field<UInt32>(0x0C4)) == 1)
  }

  @Test("The initrd fields of boot_params are zero without an initrd")
  func withoutAnInitrdItsFieldsAreZero() {
    let encoded = block().encode(at: PhysicalAddress(0x1000), initrd: nil)
    for offset in [0x218, 0x21C, 0x0C0, 0x0C4] {
      #expect(encoded.loadField(Field<UInt32>(offset)) == 0)
    }
  }

  /// The offsets of everything that is copied from the running kernel. No other byte may be copied.
  @Test("boot_params inherit only the fields that describe the machine")
  func inheritsOnlyMachineFields() {
    let running = [UInt8](repeating: 0xA5, count: 4096)
    var block = block()
    block.inherited = running
    let encoded = block.encode(at: PhysicalAddress(0x1000_0000), initrd: nil)
    let inherited: [ClosedRange<Int>] = [
      0x000...0x001, 0x004...0x03F,  // screen_info without ext_mem_k
      0x060...0x06F, 0x070...0x077,  // ist_info, acpi_rsdp_addr
      0x0B0...0x0BF,  // olpc_ofw_header
      0x13C...0x13F, 0x140...0x1BF,  // cc_blob_address, edid_info
      0x1E9...0x1EC,  // eddbuf_entries, edd_mbr_sig_buf_entries, kbd_status, secure_boot
      0x23C...0x247,  // hardware_subarch
      0x290...0x2CF, 0xD00...0xEEB,  // EDD
    ]
    for offset in 0..<4096 {
      let isInherited = inherited.contains { $0.contains(offset) }
      #expect((encoded[offset] == 0xA5) == isInherited, "offset 0x\(String(offset, radix: 16))")
    }
    // "sentinel must stay 0, else the kernel wipes fields"
    #expect(encoded[0x1EF] == 0)
    // efi_info is either ours or zero.
    #expect(encoded[0x1C0..<0x1E0].allSatisfy { $0 == 0 })
  }

  @Test("A setup header that ends before hardware_subarch leaves the inherited value in place")
  func shortHeaderInheritsSubarchitecture() {
    var block = block()
    block.header = Array(block.header.prefix(0x23C - 0x1F1))
    block.inherited = [UInt8](repeating: 0xA5, count: 4096)
    let encoded = block.encode(at: PhysicalAddress(0x1000_0000), initrd: nil)
    #expect(encoded.count >= 4096)
    #expect(encoded[0x23C] == 0xA5)
  }

  @Test(
    "A lost framebuffer is removed from screen_info, and a text mode stays",
    arguments: [
      (0x70, true, 0), (0x23, true, 0), (0x70, false, 0x70), (0x22, true, 0x22), (0x01, true, 1),
    ] as [(UInt8, Bool, UInt8)])
  func dropsLostFramebuffer(isVGA: UInt8, isLost: Bool, wanted: UInt8) {
    var block = block()
    var running = [UInt8](repeating: 0, count: 4096)
    running[0x0F] = isVGA
    block.inherited = running
    block.screen = isLost ? .withoutFramebuffer : .inherited
    #expect(block.encode(at: PhysicalAddress(0x1000), initrd: nil)[0x0F] == wanted)
  }

  /// screen_info: orig_x, orig_y, then orig_video_mode, _cols, _lines, _isVGA.
  @Test(
    "screen_info puts the cursor below the text of a text screen and keeps a framebuffer's",
    arguments: [
      (0x70, .inherited, [0x05, 0x06], [0x33, 0x44, 48, 0x70]),
      (0x22, .inherited, [0x00, 48], [0x33, 0x44, 48, 0x22]),
      (0x01, .withoutFramebuffer, [0x00, 48], [0x33, 0x44, 48, 0x01]),
      (0x70, .text, [0x00, 25], [0x03, 80, 25, 0x01]),
    ] as [(UInt8, BootBlock.Screen, [UInt8], [UInt8])])
  func putsCursorBelowScreenText(
    isVGA: UInt8, screen: BootBlock.Screen, cursor: [UInt8], mode: [UInt8]
  ) {
    var block = block()
    var running = [UInt8](repeating: 0, count: 4096)
    for (offset, value) in [(0, 5), (1, 6), (6, 0x33), (7, 0x44), (0x0E, 48)] as [(Int, UInt8)] {
      running[offset] = value
    }
    running[0x0F] = isVGA
    block.inherited = running
    block.screen = screen
    let bytes = block.encode(at: PhysicalAddress(0x1000), initrd: nil)
    #expect(Array(bytes[0..<2]) == cursor)
    #expect([bytes[6], bytes[7], bytes[0x0E], bytes[0x0F]] == mode)
  }

  @Test(
    "The RSDP address comes from the inherited boot_params, or else from firmware",
    arguments: [(0, 0x7F77_E014, 0x7F77_E014), (0xF_59D0, 0x7F77_E014, 0xF_59D0), (0, 0, 0)]
      as [(UInt64, UInt64, UInt64)])
  func prefersInheritedRSDPAddress(running: UInt64, firmware: UInt64, wanted: UInt64) {
    var block = block()
    var parameters = [UInt8](repeating: 0, count: 4096)
    parameters.store(running, as: Field(0x70))
    block.inherited = parameters
    block.rsdpAddress = firmware
    let encoded = block.encode(at: PhysicalAddress(0x1000), initrd: nil)
    #expect(encoded.loadField(Field<UInt64>(0x70)) == wanted)
  }

  /// setup_data nodes: a chain of physical addresses, each aligned to 16 bytes, after the command
  /// line.
  @Test("setup_data is an aligned chain of the remaining e820 entries and the random seed")
  func chainsSetupData() throws {
    var block = block()
    block.e820 = E820Table(manyRanges(131))
    block.randomSeed = [UInt8](repeating: 0x5A, count: 32)
    let base: UInt64 = 0x1_0000_0000
    let encoded = block.encode(at: PhysicalAddress(base), initrd: nil)

    #expect(encoded[0x1E8] == 128)
    var nodes: [(type: UInt32, payload: [UInt8])] = []
    var next = encoded.loadField(Field<UInt64>(0x250))
    while next != 0 {
      #expect(next % 16 == 0)
      let offset = Int(next - base)
      #expect(offset >= 0x1000 + block.commandLine.count + 1 + 64)
      let length = Int(encoded.loadField(Field<UInt32>(offset + 12)))
      nodes.append(
        (
          encoded.loadField(Field<UInt32>(offset + 8)),
          Array(encoded[(offset + 16)..<(offset + 16 + length)])
        ))
      next = encoded.loadField(Field<UInt64>(offset))
    }
    #expect(nodes.map(\.type) == [1, 9])
    #expect(nodes[1].payload == [UInt8](repeating: 0x5A, count: 32))
    // Entries 128, 129 and 130: the table continues where the one in boot_params is full.
    let more = try #require(nodes.first?.payload)
    #expect(more.count == 3 * 20)
    #expect(more.loadField(Field<UInt64>(0)) == 128 * 0x2000)
    #expect(more.loadField(Field<UInt64>(8)) == 0x1000)
    #expect(more.loadField(Field<UInt32>(16)) == 1)
    #expect(encoded.loadField(Field<UInt64>(0x2D0 + 127 * 20)) == 127 * 0x2000)
    #expect(encoded[(0x2D0 + 128 * 20)..<0xEEC].allSatisfy { $0 == 0 })
  }

  @Test("An e820 table of up to 128 entries needs no setup_data", arguments: [1, 127, 128])
  func shortE820TablesNeedNoSetupData(count: Int) {
    var block = block()
    block.e820 = E820Table(manyRanges(count))
    let encoded = block.encode(at: PhysicalAddress(0x1000), initrd: nil)
    #expect(encoded[0x1E8] == UInt8(count))
    #expect(encoded.loadField(Field<UInt64>(0x250)) == 0)
  }

  private func block() -> BootBlock {
    BootBlock(
      header: [UInt8](repeating: 0, count: 0x26C - 0x1F1), inherited: nil,
      commandLine: Array("quiet".utf8),
      e820: E820Table(MemoryMap([entry(0x10_0000, 0x1000_0000, .ram)])))
  }

  private func manyRanges(_ count: Int) -> MemoryMap {
    MemoryMap((0..<count).map { entry(UInt64($0) * 0x2000, 0x1000, .ram) })
  }
}

@Suite struct E820TableTests {
  @Test("Adjacent ranges of the same kind become one e820 entry")
  func mergesAdjacentE820Entries() {
    let table = E820Table(
      MemoryMap([
        entry(0x1000, 0x1000, .ram), entry(0x2000, 0x17, .ram), entry(0x2017, 0x1000, .reserved),
        entry(0x4000, 0x1000, .reserved), entry(0x5000, 0x1000, .other(20)),
      ]))
    #expect(
      table.entries == [
        entry(0x1000, 0x1017, .ram), entry(0x2017, 0x1000, .reserved),
        entry(0x4000, 0x1000, .reserved), entry(0x5000, 0x1000, .other(20)),
      ])
    #expect(
      E820Table.encode(table.entries.suffix(1))
        == bytes(hex: "0050000000000000 0010000000000000 14000000"))
  }

  @Test(
    "The size of memory above 1 MiB counts only RAM that continues from 1 MiB",
    arguments: [
      ([entry(0x10_0000, 0x5FEE_0000, .ram)], 0x17_FB80),
      ([entry(0, 0x20_0000, .ram)], 0x400),
      ([entry(0x20_0000, 0x20_0000, .ram)], 0),
      ([entry(0x10_0000, 0x1000, .reserved)], 0),
      ([], 0),
    ] as [([MemoryMap.Entry], UInt64)])
  func countsMemoryFrom1MiB(entries: [MemoryMap.Entry], kibibytes: UInt64) {
    #expect(E820Table(MemoryMap(entries)).kibibytesAbove1MiB == kibibytes)
  }

  /// alt_mem_k has 32 bits; ext_mem_k is at most 0xFC00.
  @Test("Huge memory sets alt_mem_k and ext_mem_k to their highest values")
  func hugeMemoryIsCapped() {
    let block = BootBlock(
      header: [], inherited: nil, commandLine: [],
      e820: E820Table(MemoryMap([entry(0x10_0000, 1 << 45, .ram)])))
    let encoded = block.encode(at: PhysicalAddress(0x1000), initrd: nil)
    #expect(encoded.loadField(Field<UInt32>(0x1E0)) == .max)
    #expect(encoded.loadField(Field<UInt16>(0x002)) == 0xFC00)
  }
}

@Suite struct EFIHandoverTests {
  private static let files = [
    "/sys/firmware/efi/fw_vendor": "0x7f5cf018\n", "/sys/firmware/efi/runtime": "0x7f5ecb98\n",
    "/sys/firmware/efi/config_table": "0x7f5ec018\n",
    "/sys/firmware/efi/systab": "SMBIOS3=0x1\nSMBIOS=0x7f5c1000\n",
    "/sys/firmware/efi/runtime-map/0/type": "0x5\n",
    "/sys/firmware/efi/runtime-map/0/phys_addr": "0x7f000000\n",
    "/sys/firmware/efi/runtime-map/0/virt_addr": "0xfffffffeff000000\n",
    "/sys/firmware/efi/runtime-map/0/num_pages": "0x10\n",
    "/sys/firmware/efi/runtime-map/0/attribute": "0x800000000000000f\n",
  ]

  @Test("boot_params point to the EFI runtime map and to setup_data with the EFI tables")
  func passesEFIRuntimeMap() throws {
    let efi = try #require(TemporaryTree(Self.files).machine.efi)
    let running = runningParameters(version: 1)
    var block = BootBlock(
      header: [UInt8](repeating: 0, count: 0x26C - 0x1F1), inherited: running,
      commandLine: Array("quiet".utf8), e820: E820Table(MemoryMap([])))
    block.efi = try EFIHandover(efi, bootParameters: running)
    let base: UInt64 = 0x2_0000_0000
    let encoded = block.encode(at: PhysicalAddress(base), initrd: nil)

    let mapAddress =
      UInt64(encoded.loadField(Field<UInt32>(0x1D0)))
      | UInt64(encoded.loadField(Field<UInt32>(0x1DC))) << 32
    #expect(
      Array(encoded[0x1C0..<0x1D0])
        == bytes(
          hex: """
            454C3634  # EL64
            0010EC7F  # systab
            28000000  # memdesc_size: ours, 40
            01000000  # memdesc_version
            """))
    #expect(encoded.loadField(Field<UInt32>(0x1D4)) == 40)  // memmap_size
    #expect(encoded.loadField(Field<UInt32>(0x1D8)) == 3)  // systab_hi
    let offset = Int(mapAddress - base)
    #expect(
      Array(encoded[offset..<(offset + 40)])
        == bytes(
          hex: """
            05000000 00000000  # type, pad
            0000007F00000000   # physical
            000000FFFEFFFFFF   # virtual
            1000000000000000   # pages
            0F00000000000080   # attribute
            """))
    #expect(encoded.count == offset + 40)

    let node = Int(encoded.loadField(Field<UInt64>(0x250)) - base)
    #expect(
      Array(encoded[node..<(node + 16 + 96)])
        == bytes(
          hex: """
            0000000000000000 04000000 60000000  # next, SETUP_EFI, 96 bytes
            18F05C7F00000000   # fw_vendor
            98CB5E7F00000000   # runtime
            18C05E7F00000000   # tables
            00105C7F00000000   # SMBIOS, not SMBIOS3
            @70                # eight reserved words
            """))
  }

  /// A file that is changed, or removed if nil, and the result.
  @Test(
    "An incomplete or unsupported EFI state is refused, and optional tables may be zero",
    arguments: [
      ("fw_platform_size", "32\n", 1, .mixedMode), ("fw_vendor", nil, 1, .missing("fw_vendor")),
      ("config_table", nil, 1, .missing("config_table")),
      ("runtime-map/0/phys_addr", nil, 1, .noRuntimeMap),
      ("runtime", nil, 1, nil), ("systab", nil, 1, nil),
      ("fw_platform_size", "64\n", 2, .descriptorVersion(2)),
    ] as [(String, String?, UInt32, EFIHandover.Refusal?)])
  func refusesIncompleteEFIState(
    file: String, content: String?, version: UInt32, refusal: EFIHandover.Refusal?
  )
    throws
  {
    var files = Self.files
    files["/sys/firmware/efi/\(file)"] = content
    let efi = try #require(TemporaryTree(files).machine.efi)
    let running = runningParameters(version: version)
    if let refusal {
      #expect(throws: refusal) { try EFIHandover(efi, bootParameters: running) }
    } else {
      // If runtime services or SMBIOS are missing, their addresses are 0.
      let handover = try EFIHandover(efi, bootParameters: running)
      #expect(handover.setupData.payload.count == 96)
      let offset = file == "runtime" ? 8 : 24
      #expect(handover.setupData.payload[offset..<(offset + 8)].allSatisfy { $0 == 0 })
    }
  }

  private func runningParameters(version: UInt32) -> [UInt8] {
    var running = [UInt8](repeating: 0, count: 4096)
    running.store(Array("EL64".utf8), at: 0x1C0)
    running.store(UInt32(0x7FEC_1000), as: Field(0x1C4))
    running.store(UInt32(48), as: Field(0x1C8))
    running.store(version, as: Field(0x1CC))
    running.store(UInt32(0x1234_5000), as: Field(0x1D0))
    running.store(UInt32(480), as: Field(0x1D4))
    running.store(UInt32(3), as: Field(0x1D8))
    running.store(UInt32(4), as: Field(0x1DC))
    return running
  }
}

func entry(_ start: UInt64, _ byteCount: UInt64, _ kind: MemoryKind) -> MemoryMap.Entry {
  MemoryMap.Entry(
    PhysicalRange(start: PhysicalAddress(start), end: PhysicalAddress(start + byteCount)), kind)
}
