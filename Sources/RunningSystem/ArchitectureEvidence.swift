internal import ELFFormat
internal import ByteCoding
package import LinuxSystem

/// What a captured machine's files tell about its architecture.
package struct ArchitectureEvidence: Equatable, Sendable {
  /// What the files tell.
  package enum Finding: Equatable, Sendable {
    /// This architecture.
    case architecture(Architecture)
    /// Not x86, but it is unknown which other one.
    case notX86
    /// The files tell nothing.
    case unknown
  }

  /// What the files tell.
  package let finding: Finding
  /// The file that tells; the last one that was read if none does.
  package let file: String

  /// A finding from `file`.
  init(_ finding: Finding, _ file: String) {
    self.finding = finding
    self.file = file
  }

  /// Whether it is certain, so that `--arch` must not contradict it. The form of /proc/iomem is only a hint.
  package var isProof: Bool { finding != .unknown && file != Self.ioMemory }

  private static let ioMemory = "/proc/iomem"

  /// Reads the files of the machine, the most reliable first: the kernel's memory, files that only x86 has,
  /// the device tree, the processors, and at last the form of the memory map.
  package init(in files: FileTree) {
    if let architecture = Self.ofKernelMemory(files) {
      self.init(.architecture(architecture), "/proc/kcore")
      return
    }
    // Only x86 has them: Documentation/ABI/testing/sysfs-kernel-boot_params, sysfs-firmware-memmap.
    for directory in ["/sys/kernel/boot_params", "/sys/firmware/memmap"] {
      if files.names(in: directory)?.isEmpty == false {
        self.init(.architecture(.x86_64), directory)
        return
      }
    }
    let tree = DeviceTreeNames(in: files)
    if let tree, let finding = tree.finding {
      self.init(finding, tree.file)
      return
    }
    if let architecture = Self.ofProcessors(files) {
      self.init(.architecture(architecture), "/proc/cpuinfo")
      return
    }
    let memory = IOMemory(text: files.text(Self.ioMemory) ?? "")
    // The tree names no processor. x86 has a device tree only if a boot loader passed one.
    let finding = memory.architecture
    if finding == .unknown, let tree {
      self.init(.notX86, tree.file)
    } else {
      self.init(finding, Self.ioMemory)
    }
  }

  /// e_machine of the core file that /proc/kcore is.
  private static func ofKernelMemory(_ files: FileTree) -> Architecture? {
    // The file may be big-endian, which `ELFHeaders` does not read.
    let size = ELFLayout.File.machine.end
    guard let header = try? files.read("/proc/kcore", atMost: size), header.count == size,
      header.loadField(ELFLayout.magic) == ELFLayout.magicValue
    else { return nil }
    let machine = header.loadField(ELFLayout.File.machine)
    let isBigEndian = header.loadField(ELFLayout.data) == ELFLayout.bigEndian
    return Architecture(
      elfMachine: isBigEndian ? machine.byteSwapped : machine,
      is64Bit: header.loadField(ELFLayout.fileClass) == ELFWidth.bits64.rawValue)
  }

  /// Each architecture has lines of its own in /proc/cpuinfo.
  private static func ofProcessors(_ files: FileTree) -> Architecture? {
    let start = (try? files.read("/proc/cpuinfo", atMost: 8192)) ?? []
    var facts: [String: Set<Substring>] = [:]
    let text = String(decoding: start, as: UTF8.self)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let last = parts[0].lastIndex(where: { !$0.isASCIIWhitespace }) else {
        continue
      }
      let name = String(parts[0][...last])
      if facts[name] == nil {
        facts[name] = Set(parts[1].split(whereSeparator: { $0.isASCIIWhitespace }))
      }
    }
    if let flags = facts["flags"] {
      // "lm" is long mode. A list of a few words is shortened and does not tell.
      return flags.contains("lm") || flags.count < 10 ? .x86_64 : .i386
    }
    if let words = facts["isa"], words.contains(where: { $0.hasPrefix("rv") }) {
      return words.contains { $0.hasPrefix("rv32") } ? .other("riscv32") : .riscv64
    }
    guard facts["CPU implementer"] != nil || facts["CPU architecture"] != nil else {
      return facts["vendor_id"]?.contains("IBM/S390") == true ? .other("s390x") : nil
    }
    // A 32-bit kernel on a 64-bit processor shows the instruction set that it uses.
    let features = facts["Features"] ?? []
    if !features.isDisjoint(with: ["half", "thumb", "swp"]) { return .arm }
    return features.contains("asimd") || features.contains("fp")
      || facts["CPU architecture"]?.contains("8") == true ? .arm64 : .arm
  }
}
