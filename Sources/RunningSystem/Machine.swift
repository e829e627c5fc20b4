package import LinuxSystem
package import PhysicalMemory

/// What a computer is, as far as loading a kernel depends on it: a value read once from its files.
///
/// The files may be the running machine's, or a folder captured on another one.
package struct Machine: Sendable {
  /// Who has which physical addresses. `/proc/iomem`.
  package var ioMemory: IOMemory
  /// Firmware's memory map; nil when the kernel does not export it. `/sys/firmware/memmap`.
  package var firmwareMap: MemoryMap?
  /// The command line of the running kernel. `/proc/cmdline`.
  package var commandLine: KernelCommandLine
  /// The boot_params that the running kernel was given: 4096 bytes, or nil when not exported.
  /// `/sys/kernel/boot_params/data`.
  package var bootParameters: [UInt8]?
  /// What EFI firmware left; nil on a machine that was booted otherwise. `/sys/firmware/efi`.
  package var efi: EFIState?
  /// Whether the running kernel uses 5-level page tables (LA57).
  package var usesFiveLevelPaging: Bool
  /// Whether a graphics driver has changed the mode that firmware set. `/proc/fb`.
  package var hasNativeGraphics: Bool
  /// Where the legacy serial ports are, by name: `ttyS0` and so on.
  /// `/sys/class/tty/ttyS*/port`.
  package var serialPorts: [String: UInt16]
  /// What the kernel says about kexec.
  package var kexec: KexecState

  /// Reads the machine in `files`. What is not there is left out: the planner knows what it needs.
  package static func read(_ files: FileTree) -> Machine {
    let commandLine = KernelCommandLine(files.text("/proc/cmdline") ?? "")
    return Machine(
      ioMemory: IOMemory(text: files.text("/proc/iomem") ?? ""),
      firmwareMap: MemoryMap.firmware(in: files),
      commandLine: commandLine,
      bootParameters: (try? files.read("/sys/kernel/boot_params/data")).flatMap {
        $0.count == 4096 ? $0 : nil
      },
      efi: EFIState(in: files),
      usesFiveLevelPaging: hasLA57(files) && commandLine.value(of: "no5lvl") == nil,
      hasNativeGraphics: hasNativeGraphics(files.text("/proc/fb") ?? ""),
      serialPorts: serialPorts(in: files),
      kexec: KexecState(in: files))
  }

  /// Every CPU has the same flags, and a big machine's file is long: the first part is enough.
  private static func hasLA57(_ files: FileTree) -> Bool {
    let start = (try? files.read("/proc/cpuinfo", atMost: 8192)) ?? []
    let lines = String(decoding: start, as: UTF8.self).split(separator: "\n")
    let flags = lines.first { $0.hasPrefix("flags") } ?? ""
    return flags.split(separator: " ").contains("la57")
  }

  /// A line of /proc/fb is `0 NAME`; names of mode-setting drivers end in "drmfb", and of them
  /// only those named here keep firmware's picture.
  private static func hasNativeGraphics(_ framebuffers: String) -> Bool {
    let keepers = ["simpledrm", "efidrm", "vesadrm", "ofdrm"]
    return framebuffers.split(separator: "\n").contains { line in
      line.hasSuffix("drmfb") && !keepers.contains { line.hasSuffix(" \($0)drmfb") }
    }
  }

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
