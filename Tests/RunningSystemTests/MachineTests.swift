import ByteCoding
import Glibc
import LinuxSystem
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@Suite struct MachineTests {
  @Test("A machine without any files is read with empty facts")
  func readsMachineWithoutFiles() {
    let machine = TemporaryTree([:]).machine
    #expect(machine.firmwareMap == nil)
    #expect(machine.efi == nil)
    #expect(machine.bootParameters == nil)
    #expect(machine.commandLine.text.isEmpty)
    #expect(!machine.usesFiveLevelPaging)
    #expect(!machine.hasNativeGraphics)
    #expect(machine.serialPorts.isEmpty)
    #expect(machine.kexec.isLoaded == nil)
    #expect(machine.kexec.mayReboot)
  }

  @Test(
    "5-level paging is in use if the first processor has la57 and no5lvl is not given",
    arguments: [
      ("flags\t\t: fpu la57 vme", "quiet", true),
      ("flags\t\t: fpu la57", "quiet no5lvl", false),
      ("flags\t\t: fpu la57", "quiet -- no5lvl", true),
      ("flags\t\t: fpu la57x", "", false),
      ("model name\t: la57", "", false),
      ("processor: 0\nflags: fpu\n\nprocessor: 1\nflags: fpu la57", "", false),
      ("", "", false),
    ])
  func recognisesFiveLevelPaging(cpuinfo: String, commandLine: String, wanted: Bool) {
    let tree = TemporaryTree(["/proc/cpuinfo": cpuinfo, "/proc/cmdline": commandLine + "\n"])
    #expect(tree.machine.usesFiveLevelPaging == wanted)
  }

  /// The contents of /proc/fb, and whether the firmware's framebuffer is lost.
  @Test(
    "/proc/fb shows whether a native driver has replaced firmware's framebuffer",
    arguments: [
      // The drivers that use the firmware's framebuffer, as they are spelled there.
      ("0 EFI VGA\n", false), ("0 VESA VGA\n", false), ("0 simple\n", false),
      ("0 simpledrmdrmfb\n", false), ("0 efidrmdrmfb\n", false), ("0 vesadrmdrmfb\n", false),
      ("0 ofdrmdrmfb\n", false), ("0 simpledrm\n", false), ("12 EFI VGA\n", false),
      ("0 EFI VGA\n1 simple\n", false),
      // Drivers that set a mode.
      ("0 i915drmfb\n", true), ("0 virtio_gpudrmfb\n", true), ("0 hyperv_drmdrmfb\n", true),
      ("0 bochs-drmdrmfb\n", true), ("0 svgadrmfb\n", true), ("0 astdrmfb\n", true),
      // Drivers of fbdev, which have a framebuffer of their own.
      ("0 hyperv_fb\n", true), ("0 xen\n", true), ("0 cirrusfb\n", true), ("0 VGA16 VGA\n", true),
      ("0 MATROX\n", true), ("0 radeondrmfb\n", true), ("0 nouveaufb\n", true),
      // Names that are similar to those of drivers that keep it.
      ("0 EFI VGA 2\n", true), ("0 simplefb\n", true), ("0 xsimpledrmdrmfb\n", true),
      ("0 efi vga\n", true),
      // One framebuffer that was moved is enough.
      ("0 EFI VGA\n1 amdgpudrmfb\n", true), ("0 hyperv_fb\n1 EFI VGA\n", true),
      ("", false),
    ])
  func recognisesNativeGraphics(framebuffers: String, wanted: Bool) {
    let tree = TemporaryTree(["/proc/fb": framebuffers])
    #expect(tree.machine.hasNativeGraphics == wanted)
  }

  /// Without the fbdev emulation a driver has no line in /proc/fb.
  @Test(
    "The DRM driver shows native graphics when /proc/fb is empty",
    arguments: [
      ("", "i915", true), ("", "simple-framebuffer", false), ("", "efidrm", false),
      ("", nil, false),
      ("0 EFI VGA\n", "i915", false),
    ] as [(String, String?, Bool)])
  func recognisesGraphicsByDRMDriver(framebuffers: String, driver: String?, wanted: Bool) throws {
    let tree = TemporaryTree([
      "/proc/fb": framebuffers, "/sys/class/drm/card0/device/class": "0x030000",
    ])
    let link = tree.path + "/sys/class/drm/card0/device/driver"
    if let driver { #expect(unsafe symlink("../../../bus/pci/drivers/\(driver)", link) == 0) }
    #expect(tree.machine.hasNativeGraphics == wanted)
    unsafe unlink(link)
  }

  /// A kernel bug once printed freed memory as names: the names are bytes, and the ranges still
  /// count.
  @Test("Ranges of /proc/iomem count even if their names are not text")
  func keepsRangesWithoutTextNames() {
    let lines: [[UInt8]] = [
      Array("100000-1fffff : System RAM\n".utf8),
      Array("  140000-14ffff : ".utf8) + [0xFF, 0xC3, 0x0D, 0x0A],
      Array("  150000-15ffff : ".utf8) + [0x00, 0x1B, 0xE2, 0x80, 0x0A],
      Array("200000-2fffff : System RAM\n".utf8),
    ]
    let machine = TemporaryTree(bytes: ["/proc/iomem": Array(lines.joined())]).machine
    #expect(machine.ioMemory.resources.count == 4)
    #expect(
      machine.ioMemory.freeRAM.ranges == [
        range(0x10_0000...0x13_FFFF), range(0x16_0000...0x2F_FFFF),
      ])
  }

  @Test(
    "boot_params are accepted only with a size of 4096 bytes",
    arguments: [(4095, false), (4096, true), (4097, false), (0, false)])
  func bootParamsAreOnePage(count: Int, isTaken: Bool) {
    let tree = TemporaryTree(bytes: [
      "/sys/kernel/boot_params/data": [UInt8](repeating: 7, count: count)
    ])
    #expect((tree.machine.bootParameters?.count == 4096) == isTaken)
  }

  @Test("The running command line keeps bytes that are not text")
  func commandLineKeepsItsBytes() {
    let line: [UInt8] = [0x61, 0x3D, 0xE9, 0x20, 0xC3, 0x20, 0xFF]
    let machine = TemporaryTree(bytes: ["/proc/cmdline": line + [0x0A]]).machine
    #expect(machine.commandLine.text.losslessBytes == line)
    #expect(
      machine.commandLine.words.map(\.losslessBytes) == [[0x61, 0x3D, 0xE9], [0xC3], [0xFF]])
    #expect(machine.commandLine.value(of: "a")?.losslessBytes == [0xE9])
  }

  @Test("Only a serial port of a usual name with a valid I/O port number is read")
  func readsSerialPorts() {
    let tree = TemporaryTree([
      "/sys/class/tty/ttyS0/port": "0x3F8\n", "/sys/class/tty/ttyS1/port": "0x0\n",
      "/sys/class/tty/ttyS2/port": "0x10000\n", "/sys/class/tty/ttyS3/port": "junk\n",
      "/sys/class/tty/ttyS4/port": "0x2F8\n",
    ])
    #expect(tree.machine.serialPorts == ["ttyS0": 0x3F8])
  }

  /// Directories are sorted as numbers, unreadable entries are ignored, and ends are inclusive.
  @Test("Firmware's memory map is read in numeric order and faulty entries are reported")
  func readsFirmwareMap() throws {
    var files: [String: String] = [:]
    let entries = [
      ("0", "0x0", "0x9fbff", "System RAM"), ("1", "0x9fc00", "0x9ffff", "Reserved"),
      ("2", "0x100000", "0x5ffdffff", "System RAM"), ("10", "0x5ffe0000", "0x5fffffff", "Reserved"),
      ("3", "0x70000000", "0x6fffffff", "System RAM"), ("4", "junk", "0x1", "System RAM"),
      ("5", "0x100000000", "0x1ffffffff", "Unknown E820 type"),
      ("6", "0x200000000", "0x2ffffffff", "Soft Reserved"),
      ("x", "0x300000000", "0x3ffffffff", "System RAM"),
    ]
    for (name, start, end, type) in entries {
      files["/sys/firmware/memmap/\(name)/start"] = start + "\n"
      files["/sys/firmware/memmap/\(name)/end"] = end + "\n"
      files["/sys/firmware/memmap/\(name)/type"] = type + "\n"
    }
    files["/sys/firmware/memmap/7/start"] = "0x400000000\n"
    files["/sys/firmware/memmap/8/end"] = "0x10000000000000000\n"
    files["/sys/firmware/memmap/8/start"] = "0x500000000\n"
    files["/sys/firmware/memmap/8/type"] = "System RAM\n"
    files["/sys/firmware/memmap/9/start"] = ""
    files["/sys/firmware/memmap/9/end"] = "-1\n"
    files["/sys/firmware/memmap/9/type"] = ""
    files["/sys/firmware/memmap/11/start"] = "0x600000000\n"
    files["/sys/firmware/memmap/11/end"] = "0x6ffffffff\n"
    files["/sys/firmware/memmap/11/type"] = ""
    files["/sys/firmware/memmap/12/start"] = "0x700000000\n"
    files["/sys/firmware/memmap/12/end"] = "0x7ffffffff\n"
    let machine = TemporaryTree(files).machine
    #expect(
      machine.mapFaults.map { "\($0.place) \($0.text) \($0.reason)" } == [
        "/sys/firmware/memmap/3 0x70000000-0x6fffffff : System RAM inverted",
        "/sys/firmware/memmap/4 junk-0x1 : System RAM malformed",
        "/sys/firmware/memmap/7 0x400000000-(none) : (none) malformed",
        "/sys/firmware/memmap/8 0x500000000-0x10000000000000000 : System RAM tooLarge",
        "/sys/firmware/memmap/9 --1 :  malformed",
        "/sys/firmware/memmap/11 0x600000000-0x6ffffffff :  noType",
        "/sys/firmware/memmap/12 0x700000000-0x7ffffffff : (none) noType",
      ])
    let map = try #require(machine.firmwareMap)
    #expect(
      map.entries == [
        .init(range(0...0x9_FBFF), .ram), .init(range(0x9_FC00...0x9_FFFF), .reserved),
        .init(range(0x10_0000...0x5FFD_FFFF), .ram),
        .init(range(0x5FFE_0000...0x5FFF_FFFF), .reserved),
        .init(range(0x1_0000_0000...0x1_FFFF_FFFF), .reserved),
        .init(range(0x2_0000_0000...0x2_FFFF_FFFF), .softReserved),
        .init(range(0x6_0000_0000...0x6_FFFF_FFFF), .reserved),
        .init(range(0x7_0000_0000...0x7_FFFF_FFFF), .reserved),
      ])
  }

  /// Amounts in kB that overflow when they are converted to bytes.
  @Test(
    "An amount of memory that does not fit into 64 bits is capped",
    arguments: [
      ("MemTotal: 18446744073709551615 kB", UInt64.max),
      ("MemTotal: 18014398509481983 kB", UInt64.max - 1023),
      ("MemTotal: 18014398509481984 kB", UInt64.max), ("MemTotal: 4 kB", UInt64(4096)),
    ])
  func capsTooLargeAmountsOfMemory(line: String, wanted: UInt64) {
    #expect(TemporaryTree(["/proc/meminfo": line + "\n"]).machine.totalMemory == wanted)
  }

  @Test("The firmware memory map of a captured machine is read completely")
  func readsCapturedFirmwareMap() throws {
    let fixture = try #require(
      MachineFixture.all.first { $0.name == "kvm-64g-numa-firmware-memmap.memmap" })
    let map = try #require(fixture.machine.firmwareMap)
    #expect(map.entries.count == 8)
    #expect(map.entries[1] == .init(range(0x9_FC00...0x9_FFFF), .reserved))
    #expect(map.ranges(of: .ram).byteCount == 68_718_558_208)
  }

  @Test(
    "Hexadecimal, octal and decimal numbers are parsed as in C",
    arguments: [
      ("0x1F", 31), ("0X1f", 31), ("010", 8), ("0", 0), ("12", 12),
      ("0xffffffffffffffff", UInt64.max), ("", nil), ("0x", nil), ("0x10000000000000000", nil),
      ("-1", nil), ("-0", nil), ("+1", nil), ("0x+1", nil), ("0x-1", nil), ("08", nil), ("1 ", nil),
      ("1k", nil), ("٣", nil),
    ] as [(String, UInt64?)])
  func parsesNumbersAsInC(text: String, wanted: UInt64?) {
    #expect(UInt64(cNumber: text) == wanted)
  }
}

@Suite struct EFIStateTests {
  @Test("The EFI state is read from sysfs with its runtime map in numeric order")
  func readsEFIState() throws {
    var files = [
      "/sys/firmware/efi/fw_vendor": "0x7f5cf018\n", "/sys/firmware/efi/runtime": "0x7f5ecb98\n",
      "/sys/firmware/efi/config_table": "0x7f5ec018\n",
      "/sys/firmware/efi/fw_platform_size": "64\n",
      "/sys/firmware/efi/systab":
        "ACPI20=0x7f77e014\nACPI=0x7f77e000\nSMBIOS3=0x7f5c0000\nSMBIOS=0x7f5c1000\n",
    ]
    for (index, start) in [(0, 0x7F00_0000), (10, 0x7F20_0000), (2, 0x7F10_0000)] {
      let directory = "/sys/firmware/efi/runtime-map/\(index)"
      files["\(directory)/type"] = "0x5\n"
      files["\(directory)/phys_addr"] = "0x\(String(start, radix: 16))\n"
      files["\(directory)/virt_addr"] = "0xfffffffeff000000\n"
      files["\(directory)/num_pages"] = "0x10\n"
      files["\(directory)/attribute"] = "0x800000000000000f\n"
    }
    files["/sys/firmware/efi/runtime-map/3/type"] = "0x5\n"
    let efi = try #require(TemporaryTree(files).machine.efi)
    #expect(efi.firmwareVendor == 0x7F5C_F018)
    #expect(efi.configurationTable == 0x7F5E_C018)
    #expect(efi.platformSize == 64)
    #expect(efi.systemTable["SMBIOS"] == 0x7F5C_1000)
    #expect(efi.rsdpAddress == 0x7F77_E014)
    // In numeric order, without the entry that has no address.
    #expect(efi.runtimeMap.map(\.physicalStart) == [0x7F00_0000, 0x7F10_0000, 0x7F20_0000])
    #expect(efi.runtimeMap[0].virtualStart == 0xFFFF_FFFE_FF00_0000)
    #expect(efi.runtimeMap[0].attribute == 0x8000_0000_0000_000F)
  }

  @Test(
    "The RSDP address is that of ACPI20, or else that of ACPI",
    arguments: [
      ("ACPI=0x10", 0x10), ("ACPI20=0x20\nACPI=0x10", 0x20), ("ACPI=0x10\nACPI20=0x20", 0x20),
      ("SMBIOS=0x1", nil), ("ACPI20=junk\nACPI=0x10", 0x10), ("", nil),
    ] as [(String, UInt64?)])
  func prefersRSDPOfACPI20(systab: String, wanted: UInt64?) throws {
    let tree = TemporaryTree(["/sys/firmware/efi/systab": systab])
    let efi = try #require(tree.machine.efi)
    #expect(efi.rsdpAddress == wanted)
    #expect(efi.firmwareVendor == nil)
    #expect(efi.runtimeMap.isEmpty)
    #expect(efi.platformSize == 64)
  }
}

@Suite struct KexecStateTests {
  private struct Place: Sendable {
    let new: String
    let old: String
    let read: @Sendable (Machine) -> UInt64?
  }

  /// Every file, by its name since 6.19 and by its earlier name.
  private static let places: [Place] = [
    Place(new: "loaded", old: "kexec_loaded") { $0.kexec.isLoaded.map { $0 ? 1 : 0 } },
    Place(new: "crash_loaded", old: "kexec_crash_loaded") {
      $0.kexec.isCrashLoaded.map { $0 ? 1 : 0 }
    },
    Place(new: "crash_size", old: "kexec_crash_size") { $0.kexec.crashSize },
    Place(new: "crash_elfcorehdr_size", old: "crash_elfcorehdr_size") { $0.crash?.headerSize },
  ]

  @Test(
    "Each kexec state file is read by its new name, or else by its old one",
    arguments: [
      ("1\n", nil, 1), (nil, "1\n", 1), ("1\n", "1\n", 1), ("1\n", "0\n", 1), ("", "1\n", 1),
      ("x\n", "1\n", 1), (nil, nil, nil),
    ] as [(String?, String?, UInt64?)])
  func readsStateByEitherName(new: String?, old: String?, wanted: UInt64?) {
    for place in Self.places {
      var files: [String: String] = [:]
      files["/sys/kernel/kexec/\(place.new)"] = new
      files["/sys/kernel/\(place.old)"] = old
      let tree = TemporaryTree(files)
      let machine = withExtendedLifetime(tree) {
        Machine.read(FileTree(root: tree.path), with: .crash)
      }
      #expect(place.read(machine) == wanted, "\(place.new)")
    }
  }

  @Test(
    "The lockdown mode is the one in brackets, and none means no lockdown",
    arguments: [
      ("[none] integrity confidentiality\n", nil),
      ("none [integrity] confidentiality\n", "integrity"),
      ("none integrity [confidentiality]\n", "confidentiality"), ("", nil), ("]x[", nil),
      ("[]", ""),
    ] as [(String, String?)])
  func readsLockdownMode(text: String, wanted: String?) {
    let tree = TemporaryTree(["/sys/kernel/security/lockdown": text])
    #expect(tree.machine.kexec.lockdown == wanted)
  }

  @Test(
    "The load limits for reboots and crash kernels are read, and -1 means no limit",
    arguments: [("-1", nil), ("0", 0), ("3", 3), ("x", nil)] as [(String, Int?)])
  func readsLoadLimits(text: String, wanted: Int?) {
    let tree = TemporaryTree([
      "/proc/sys/kernel/kexec_load_limit_reboot": text + "\n",
      "/proc/sys/kernel/kexec_load_limit_panic": "7\n",
      "/proc/sys/kernel/kexec_load_disabled": "1\n",
    ])
    let state = tree.machine.kexec
    #expect(state.loadLimit == wanted)
    #expect(state.crashLoadLimit == 7)
    #expect(state.isLoadDisabled)
  }

  @Test(
    "A reboot is permitted by CAP_SYS_BOOT among the effective capabilities",
    arguments: [
      ("Name:\tx\nCapEff:\t000001ffffffffff\n", true), ("CapEff:\t0000000000400000\n", true),
      ("CapEff:\t000001ffffbfffff\n", false), ("CapEff:\t0000000000000000\nCapBnd:\tff\n", false),
    ])
  func readsRebootCapability(status: String, mayReboot: Bool) {
    let tree = TemporaryTree(["/proc/self/status": status])
    #expect(tree.machine.kexec.mayReboot == mayReboot)
  }

  @Test(
    "A user ID map that is not the whole identity means a user namespace",
    arguments: [
      ("         0          0 4294967295\n", false), ("         0     100000      65536\n", true),
      ("0 0 1\n", true), ("", false),
    ])
  func recognisesUserNamespace(map: String, isInside: Bool) {
    let tree = TemporaryTree(["/proc/self/uid_map": map])
    #expect(tree.machine.kexec.isInUserNamespace == isInside)
  }
}
