internal import ByteCoding
package import LinuxSystem

/// What `/proc/cpuinfo` tells about the processors.
package struct ProcessorFacts: Equatable, Sendable {
  /// The words of the first processor's "flags" line; the others have the same.
  package let flags: Set<String>
  /// How many bits a physical address has, by the line "address sizes"; nil when it does not tell.
  package let physicalAddressBits: Int?
  /// EAX of CPUID leaf 0x8000001F, AMD's "Encrypted Memory Capabilities"; 0 when there is none.
  package let memoryEncryption: UInt32
  /// Whether CPUID leaf 0x21 names Intel TDX, which makes this a guest of it.
  package let isTrustDomain: Bool

  /// Facts with these values.
  init(
    flags: Set<String>, physicalAddressBits: Int? = nil, memoryEncryption: UInt32 = 0,
    isTrustDomain: Bool = false
  ) {
    self.flags = flags
    self.physicalAddressBits = physicalAddressBits
    self.memoryEncryption = memoryEncryption
    self.isTrustDomain = isTrustDomain
  }

  /// Reads the start of `/proc/cpuinfo`: on a big machine the file is long. On the running machine CPUID is
  /// read too, since not all kernels show what they know about encryption.
  package init(in files: FileTree) {
    let start = (try? files.read("/proc/cpuinfo", atMost: 8192)) ?? []
    let lines = String(decoding: start, as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("flags") } ?? ""
    let trustDomain = files.processorLeaf(Leaf.trustDomain).map { [$0[1], $0[3], $0[2]] }
    self.init(
      flags: Set(line.split(separator: " ").map(String.init)),
      physicalAddressBits: Self.addressBits(lines.first { $0.hasPrefix("address sizes") } ?? ""),
      memoryEncryption: files.processorLeaf(Leaf.memoryEncryption)?[0] ?? 0,
      isTrustDomain: trustDomain == Leaf.trustDomainName)
  }

  /// Leaves of CPUID, and what is in them.
  private enum Leaf {
    static let trustDomain: UInt32 = 0x21
    /// "IntelTDX    " in EBX, EDX and ECX of `trustDomain`.
    static let trustDomainName: [UInt32] = [0x6574_6E49, 0x5844_546C, 0x2020_2020]
    static let memoryEncryption: UInt32 = 0x8000_001F
    /// SEV, SEV-ES and SEV-SNP in EAX of `memoryEncryption`.
    static let encryptsGuests: UInt32 = (1 << 1) | (1 << 3) | (1 << 4)
  }

  /// The most bits that a physical address has on x86: Intel's manual, volume 3, "Paging".
  static let mostAddressBits = 52

  /// Reads `address sizes : 46 bits physical, 48 bits virtual`. Processors of 64 bits have 36 or more.
  private static func addressBits(_ line: Substring) -> Int? {
    let words = line.split { $0 == " " || $0 == "\t" || $0 == ":" || $0 == "," }
    guard let end = words.firstIndex(of: "physical"), end >= 2, words[end - 1] == "bits",
      let bits = Int(words[end - 2]), (36...mostAddressBits).contains(bits)
    else { return nil }
    return bits
  }

  /// Whether memory may be encrypted: in a TDX guest; in a guest that sees the SEV flags (SEV, SEV-ES and
  /// SEV-SNP in CPUID), which a hypervisor shows only to such guests; and on a host whose command line
  /// enables SME.
  func mayHaveEncryptedMemory(_ commandLine: KernelCommandLine) -> Bool {
    let isGuest = flags.contains("hypervisor")
    return isTrustDomain || flags.contains("tdx_guest")
      || (isGuest && (memoryEncryption & Leaf.encryptsGuests) != 0)
      || (isGuest && !flags.isDisjoint(with: ["sev", "sev_es", "sev_snp", "sme"]))
      || commandLine.value(of: "mem_encrypt").map { $0 != "off" } ?? false
  }
}

/// The amounts of memory in `/proc/meminfo` and in the control groups of this process, in bytes.
package struct MemoryFacts: Sendable {
  private let lines: [Substring]
  /// What this process may still take in its control groups; nil without a limit.
  package let process: UInt64?

  /// Reads the facts of the machine in `files`.
  package init(in files: FileTree) {
    lines = (files.text("/proc/meminfo") ?? "").split(separator: "\n").map { $0[...] }
    process = ControlGroupMemory.available(in: files)
  }

  /// The memory that is available for a load.
  package var forALoad: AvailableMemory {
    let swap = self["SwapFree"] ?? 0
    let machine = available.map { bytes in
      let (sum, overflow) = bytes.addingReportingOverflow(swap)
      return overflow ? .max : sum
    }
    return AvailableMemory(machine: machine, process: process)
  }

  /// Bytes that are available without swapping; nil when unknown.
  package var available: UInt64? { self["MemAvailable"] }

  /// The value of the line `name:`, which is in KiB.
  subscript(name: String) -> UInt64? {
    guard let line = lines.first(where: { $0.hasPrefix(name + ":") }) else { return nil }
    let words = line.split(separator: " ")
    return words.count > 1
      ? UInt64(words[1]).map { $0 > UInt64.max / 1024 ? .max : .kibibytes($0) } : nil
  }
}
