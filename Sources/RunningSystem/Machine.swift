internal import ByteCoding
package import LinuxSystem
package import PhysicalMemory

/// What a computer is, as far as loading a kernel depends on it: a value read once from its files.
///
/// The files may be the running machine's, or a directory captured on another one.
package struct Machine: Sendable {
  /// Who has which physical addresses. `/proc/iomem`.
  package var ioMemory: IOMemory
  /// Firmware's memory map; nil when the kernel does not export it. `/sys/firmware/memmap`.
  package var firmwareMap: MemoryMap?
  /// Lines and entries of both maps that cannot be, and are left out.
  package var mapFaults: [MapFault]
  /// How many bits a physical address has: 52 where /proc/cpuinfo does not say.
  package var physicalAddressBits: Int
  /// The command line of the running kernel. `/proc/cmdline`.
  package var commandLine: KernelCommandLine
  /// The boot_params that the running kernel was given: 4096 bytes, or nil when not exported.
  /// `/sys/kernel/boot_params/data`.
  package var bootParameters: [UInt8]?
  /// The nodes of extra data that the running kernel was given.
  /// `/sys/kernel/boot_params/setup_data`.
  package var setupData: [SetupDataNode]
  /// What EFI firmware left; nil on a machine that was booted otherwise. `/sys/firmware/efi`.
  package var efi: EFIState?
  /// Whether the running kernel uses 5-level page tables (LA57).
  package var usesFiveLevelPaging: Bool
  /// Whether this may be a guest with encrypted memory (SEV, TDX), or a host with SME.
  package var mayHaveEncryptedMemory: Bool
  /// Whether this is a guest with memory that it has not accepted yet.
  package var hasUnacceptedMemory: Bool
  /// Bytes of RAM that the running kernel manages; nil when unknown. MemTotal in `/proc/meminfo`.
  package var totalMemory: UInt64?
  /// Bytes that can be had without swapping; nil when unknown. MemAvailable in `/proc/meminfo`.
  package var availableMemory: UInt64?
  /// Bytes of contiguous memory (CMA), all in all; nil when unknown. CmaTotal in `/proc/meminfo`.
  package var contiguousMemory: UInt64?
  /// Bytes that this process may take in its control groups; nil without a limit.
  package var processMemory: UInt64?
  /// Whether the kernel keeps a list of what it has measured (IMA), which only kexec_file_load hands
  /// on. `/sys/kernel/security/ima/runtime_measurements_count`.
  package var keepsMeasurements: Bool
  /// What the running kernel hands to the next one; nil where nothing tells that it does.
  package var handover: KexecHandover?
  /// Whether a graphics driver has changed the mode that firmware set, or put the picture elsewhere.
  /// `/proc/fb`, `/sys/class/drm`.
  package var hasNativeGraphics: Bool
  /// Where the legacy serial ports are, by name: `ttyS0` and so on.
  /// `/sys/class/tty/ttyS*/port`.
  package var serialPorts: [String: UInt16]
  /// The serial ports of the 8250 family; empty when nobody asked.
  package var uarts: [UART] = []
  /// Whether firmware names a serial port as its console (ACPI's SPCR); false when nobody asked.
  package var hasConsoleTable = false
  /// Where the running kernel writes its messages. `/proc/consoles`, and the terminals themselves.
  package var consoles: [Console]
  /// The loaded modules; nil when they were not asked for.
  package var modules: LoadedModules?
  /// What the kernel is to a Xen hypervisor that forbids kexec; nil without one. `/proc/xen`,
  /// `/sys/hypervisor`.
  package var xenDomain: XenDomain?
  /// What the kernel says about kexec.
  package var kexec: KexecState
  /// What a crash kernel must know; nil when nobody asked.
  package var crash: CrashFacts?
  /// The bytes of the ACPI RSDP; nil when nobody asked, or they cannot be read.
  package var rsdpAddress: [UInt8]?

  /// What is read only on request.
  package struct OptionalFacts: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// How the consoles' terminals are set: opening them may move a modem's signals.
    package static let terminals = OptionalFacts(rawValue: 1)
    /// The modules: looking for them takes time.
    package static let modules = OptionalFacts(rawValue: 2)
    /// What only a crash kernel must know.
    package static let crash = OptionalFacts(rawValue: 4)
    /// The ACPI RSDP, for kernels that want a copy of it: it may have to be searched for in memory.
    package static let rsdp = OptionalFacts(rawValue: 8)
    /// How the serial ports are reached.
    package static let serialPorts = OptionalFacts(rawValue: 16)
  }

  /// Reads the machine in `files`. What is not there is left out: the planner knows what it needs.
  ///
  /// - Parameters:
  ///   - files: the machine.
  ///   - wanted: what to read beside the rest.
  ///   - memory: the amounts of memory, where they have been read already.
  /// - Returns: all that was there.
  package static func read(
    _ files: FileTree, with wanted: OptionalFacts = [], memory: MemoryFacts? = nil
  ) -> Machine {
    let commandLine = KernelCommandLine(in: files)
    let processors = ProcessorFacts(in: files)
    let memory = memory ?? MemoryFacts(in: files)
    let bootParameters = (try? files.read("/sys/kernel/boot_params/data")).flatMap {
      $0.count == BootParameters.size ? $0 : nil
    }
    let ioMemory = IOMemory(in: files)
    let firmware = FirmwareMemoryMap(in: files)
    let efi = EFIState(in: files, at: bootParameters.map(efiSystemTable))
    return Machine(
      ioMemory: ioMemory,
      firmwareMap: firmware.map,
      mapFaults: ioMemory.faults + firmware.faults,
      physicalAddressBits: processors.physicalAddressBits ?? ProcessorFacts.mostAddressBits,
      commandLine: commandLine,
      bootParameters: bootParameters,
      setupData: SetupDataNode.all(in: files),
      efi: efi,
      usesFiveLevelPaging: processors.flags.contains("la57")
        && commandLine.value(of: "no5lvl") == nil,
      mayHaveEncryptedMemory: processors.mayHaveEncryptedMemory(commandLine)
        || bootParameters.map { $0.loadField(BootParameters.ccBlobAddress) != 0 } ?? false,
      hasUnacceptedMemory: (memory["Unaccepted"] ?? 0) > 0,
      totalMemory: memory["MemTotal"],
      availableMemory: memory.available,
      contiguousMemory: memory["CmaTotal"],
      processMemory: memory.process,
      // The list always has one entry, for the boot itself.
      keepsMeasurements: files.number("/sys/kernel/security/ima/runtime_measurements_count") ?? 0
        > 1,
      handover: KexecHandover(in: files, commandLine: commandLine),
      hasNativeGraphics: hasNativeGraphics(in: files),
      serialPorts: serialPorts(in: files),
      uarts: wanted.contains(.serialPorts) ? UART.all(in: files) : [],
      hasConsoleTable: wanted.contains(.serialPorts)
        && files.exists("/sys/firmware/acpi/tables/SPCR"),
      consoles: Console.all(in: files, asksTerminals: wanted.contains(.terminals)),
      modules: wanted.contains(.modules) ? LoadedModules(in: files) : nil,
      xenDomain: XenDomain(in: files),
      kexec: KexecState(in: files),
      crash: wanted.contains(.crash) ? CrashFacts(in: files, ioMemory: ioMemory) : nil,
      rsdpAddress: wanted.contains(.rsdp)
        ? files.rsdp(efi: efi, bootParameters: bootParameters) : nil)
  }

  /// efi_info.efi_systab and efi_systab_hi of boot_params.
  private static func efiSystemTable(_ bootParameters: [UInt8]) -> UInt64 {
    UInt64(bootParameters.loadField(BootParameters.efiSystab))
      | (UInt64(bootParameters.loadField(BootParameters.efiSystabHigh)) << 32)
  }

  /// Only the drivers of firmware's own framebuffer leave the picture where it is: all others set a mode,
  /// or have it in memory of their own.
  ///
  /// A line of /proc/fb is `0 NAME`; behind the name of a driver below drivers/gpu/drm is "drmfb". Without
  /// the kernel's emulation of fbdev these have no line there.
  private static func hasNativeGraphics(in files: FileTree) -> Bool {
    let lines = (files.text("/proc/fb") ?? "").split(separator: "\n")
    for line in lines {
      if ["EFI VGA", "VESA VGA", "simple"].contains(where: { line.hasSuffix(" " + $0) }) {
        continue
      }
      let isFirmwares = firmwareDrivers.contains {
        line.hasSuffix(" " + $0) || line.hasSuffix(" " + $0 + "drmfb")
      }
      if !isFirmwares { return true }
    }
    guard lines.isEmpty else { return false }
    for card in files.names(in: "/sys/class/drm") ?? [] {
      guard let driver = files.linkTarget("/sys/class/drm/\(card)/device/driver") else { continue }
      let isFirmwares =
        driver.hasSuffix("-framebuffer") || firmwareDrivers.contains { driver.hasSuffix("/" + $0) }
      if !isFirmwares { return true }
    }
    return false
  }

  private static let firmwareDrivers = ["simpledrm", "efidrm", "vesadrm", "ofdrm"]

  private static func serialPorts(in files: FileTree) -> [String: UInt16] {
    var ports: [String: UInt16] = [:]
    for name in ["ttyS0", "ttyS1", "ttyS2", "ttyS3"] {
      let port = files.number("/sys/class/tty/\(name)/port")
      // The kernel has an entry with port 0 for a line that is not there.
      if let port, port != 0 { ports[name] = UInt16(exactly: port) }
    }
    return ports
  }
}
