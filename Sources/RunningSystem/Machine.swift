internal import ByteCoding
package import LinuxSystem
package import PhysicalMemory

/// The facts about a computer on which loading a kernel depends, read once from its files.
///
/// The files are those of the running machine, or of a directory that was captured on another one.
package struct Machine: Sendable {
  /// What each range of physical addresses is used for. `/proc/iomem`.
  package var ioMemory: IOMemory
  /// Firmware's memory map; nil when the kernel does not export it. `/sys/firmware/memmap`.
  package var firmwareMap: MemoryMap?
  /// Impossible lines and entries of both maps, which are ignored.
  package var mapFaults: [MapFault]
  /// How many bits a physical address has: 52 if /proc/cpuinfo does not tell.
  package var physicalAddressBits: Int
  /// The command line of the running kernel. `/proc/cmdline`.
  package var commandLine: KernelCommandLine
  /// The boot_params that the running kernel was given: 4096 bytes, or nil when not exported.
  /// `/sys/kernel/boot_params/data`.
  package var bootParameters: [UInt8]?
  /// The setup_data nodes that the running kernel got. `/sys/kernel/boot_params/setup_data`.
  package var setupData: [SetupDataNode]
  /// The EFI state; nil on a machine that was not booted by EFI. `/sys/firmware/efi`.
  package var efi: EFIState?
  /// Whether the running kernel uses 5-level page tables (LA57).
  package var usesFiveLevelPaging: Bool
  /// Whether this may be a guest with encrypted memory (SEV, TDX), or a host with SME.
  package var mayHaveEncryptedMemory: Bool
  /// Whether this is a guest with memory that it has not accepted yet.
  package var hasUnacceptedMemory: Bool
  /// Bytes of RAM that the running kernel manages; nil when unknown. MemTotal in `/proc/meminfo`.
  package var totalMemory: UInt64?
  /// Bytes that are available without swapping; nil when unknown. MemAvailable in `/proc/meminfo`.
  package var availableMemory: UInt64?
  /// Bytes of contiguous memory (CMA) in total; nil when unknown. CmaTotal in `/proc/meminfo`.
  package var contiguousMemory: UInt64?
  /// Bytes that this process may take in its control groups; nil without a limit.
  package var processMemory: UInt64?
  /// Whether the kernel keeps a list of measurements (IMA), which only kexec_file_load hands over.
  /// `/sys/kernel/security/ima/runtime_measurements_count`.
  package var keepsMeasurements: Bool
  /// What the running kernel hands over to the next one; nil when nothing shows that handover is active.
  package var handover: KexecHandover?
  /// Whether a graphics driver has changed the mode that firmware set, or has moved the framebuffer.
  /// `/proc/fb`, `/sys/class/drm`.
  package var hasNativeGraphics: Bool
  /// Where the legacy serial ports are, by name: `ttyS0` and so on.
  /// `/sys/class/tty/ttyS*/port`.
  package var serialPorts: [String: UInt16]
  /// The serial ports of the 8250 family; empty unless requested.
  package var uarts: [UART] = []
  /// Whether firmware names a serial port as its console (ACPI's SPCR); false unless requested.
  package var hasConsoleTable = false
  /// The consoles of the running kernel. `/proc/consoles`, and the terminals themselves.
  package var consoles: [Console]
  /// The loaded modules; nil unless requested.
  package var modules: LoadedModules?
  /// The Xen domain that the kernel is, if it forbids kexec; nil otherwise. `/proc/xen`, `/sys/hypervisor`.
  package var xenDomain: XenDomain?
  /// What the kernel tells about kexec.
  package var kexec: KexecState
  /// What a crash kernel must know; nil unless requested.
  package var crash: CrashFacts?
  /// The bytes of the ACPI RSDP; nil unless requested, and when they cannot be read.
  package var rsdpAddress: [UInt8]?

  /// Facts that are read only on request.
  package struct OptionalFacts: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The settings of the consoles' terminals. Opening these may change a modem's signals.
    package static let terminals = OptionalFacts(rawValue: 1)
    /// The modules, which take time to read.
    package static let modules = OptionalFacts(rawValue: 2)
    /// What only a crash kernel must know.
    package static let crash = OptionalFacts(rawValue: 4)
    /// The ACPI RSDP, for kernels that need a copy of it. It may have to be searched for in memory.
    package static let rsdp = OptionalFacts(rawValue: 8)
    /// The addresses of the serial ports.
    package static let serialPorts = OptionalFacts(rawValue: 16)
  }

  /// Reads the machine in `files`. What is missing is left out: the planner knows what it needs.
  ///
  /// - Parameters:
  ///   - files: the machine.
  ///   - wanted: the optional facts to read.
  ///   - memory: the amounts of memory, if they have been read already.
  /// - Returns: the facts.
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

  /// Only the drivers of firmware's framebuffer leave it where it is. All others set a mode, or have a
  /// framebuffer in memory of their own.
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
      // An entry with port 0 is for a port that does not exist.
      if let port, port != 0 { ports[name] = UInt16(exactly: port) }
    }
    return ports
  }
}
