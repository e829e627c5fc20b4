package import LinuxSystem

/// What `/proc/cpuinfo` tells of the processors.
package struct ProcessorFacts: Equatable, Sendable {
  /// The words of the first processor's "flags" line; the others have the same.
  package let flags: Set<String>

  /// Reads the start of `/proc/cpuinfo`: on a big machine the file is long.
  package init(in files: FileTree) {
    let start = (try? files.read("/proc/cpuinfo", atMost: 8192)) ?? []
    let lines = String(decoding: start, as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("flags") } ?? ""
    flags = Set(line.split(separator: " ").map(String.init))
  }

  /// Whether memory may be encrypted: a TDX guest says so; a hypervisor shows the SEV flags only
  /// to guests that have it; on a host the command line switches SME on.
  func mayHaveEncryptedMemory(_ commandLine: KernelCommandLine) -> Bool {
    let isGuest = flags.contains("hypervisor")
    return flags.contains("tdx_guest")
      || (isGuest && !flags.isDisjoint(with: ["sev", "sev_es", "sev_snp", "sme"]))
      || commandLine.value(of: "mem_encrypt").map { $0 != "off" } ?? false
  }
}

/// What `/proc/meminfo` tells, in bytes.
struct MemoryFacts {
  private let lines: [Substring]

  init(in files: FileTree) {
    lines = (files.text("/proc/meminfo") ?? "").split(separator: "\n").map { $0[...] }
  }

  /// The value of the line `name:`, which is in KiB.
  subscript(name: String) -> UInt64? {
    guard let line = lines.first(where: { $0.hasPrefix(name + ":") }) else { return nil }
    let words = line.split(separator: " ")
    return words.count > 1 ? UInt64(words[1]).map { $0 << 10 } : nil
  }
}
