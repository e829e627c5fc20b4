internal import ByteCoding
package import LinuxSystem

/// Kexec handover (KHO): memory of the running kernel that the next one takes over unchanged. Only a kernel
/// that was loaded by kexec_file_load gets it.
///
/// Documented in Documentation/admin-guide/mm/kho.rst and Documentation/userspace-api/liveupdate.rst.
package struct KexecHandover: Equatable, Sendable {
  /// The evidence that it is active: a file, or a parameter on the running kernel's command line.
  package let evidence: String
  /// What is kept for the next kernel, as far as it can be found out.
  package let preserved: [PreservedState]
  /// Whether every process could be inspected, which only root can do.
  package let isAllSeen: Bool
  /// Bytes of each area that the next kernel must start in; empty if the running kernel does not tell.
  package let scratchSizes: [UInt64]

  /// Something that is kept for the next kernel.
  package enum PreservedState: Equatable, Sendable {
    /// The live update session `name`, which this process has open.
    case session(name: String, process: String, id: Int)
    /// Memory that was reserved at boot by `reserve_mem=SIZE:ALIGN:NAME`.
    case reservedMemory(name: String)
    /// Something else, by its name in the list of what is handed over.
    case entry(name: String)
  }

  /// The handover with these values.
  package init(
    evidence: String, preserved: [PreservedState] = [], isAllSeen: Bool = true,
    scratchSizes: [UInt64] = []
  ) {
    self.evidence = evidence
    self.preserved = preserved
    self.isAllSeen = isAllSeen
    self.scratchSizes = scratchSizes
  }

  /// Reads what the machine in `files` hands over; nil when nothing shows that handover is active.
  ///
  /// This depends on which files exist, not on the kernel's version, because their names have changed and
  /// will change again. /dev/liveupdate is not opened, since only one process can have it open. Right before
  /// a jump only what may have changed since the load matters, so the configuration is not read then.
  package init?(
    in files: FileTree, commandLine: KernelCommandLine, readsConfiguration: Bool = true
  ) {
    // The directory is in debugfs, and will move to sysfs.
    let directory = ["/sys/kernel/kho", "/sys/kernel/debug/kho"].first(where: files.exists)
    guard
      let evidence = directory
        ?? Self.evidence(in: files, commandLine, readsConfiguration: readsConfiguration)
    else { return nil }
    self.evidence = evidence
    let entries = directory.flatMap { Self.entries(in: files, $0) } ?? []
    preserved = Self.sessions(in: files) + Self.reservedMemory(commandLine, entries)
    isAllSeen = !files.exists("/proc/1") || files.names(in: "/proc/1/fd") != nil
    scratchSizes = directory.map { Self.scratchSizes(in: files, $0) } ?? []
  }

  private static func evidence(
    in files: FileTree, _ commandLine: KernelCommandLine, readsConfiguration: Bool
  ) -> String? {
    // This works without /dev: "259 liveupdate".
    let devices = (files.text("/proc/misc") ?? "").split(separator: "\n")
    if files.exists("/dev/liveupdate") || devices.contains(where: { $0.hasSuffix(" liveupdate") }) {
      return "/dev/liveupdate"
    }
    let word = commandLine.isOn("kho")
    if word == false || (word == nil && !readsConfiguration) { return nil }
    let configuration = RunningConfiguration(in: files)
    if configuration.isSet("CONFIG_KEXEC_HANDOVER") == false { return nil }
    let isDefault = configuration.isSet("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT") ?? false
    guard word ?? isDefault else { return nil }
    // It needs large contiguous memory: "KHO: Failed to reserve scratch area, disabling kexec handover".
    let refusal = files.kernelMessage { $0.holds("disabling kexec handover") }
    return refusal == nil ? (word == true ? "kho=on" : configuration.path) : nil
  }

  /// The names of what is handed over, except for entries that are always there.
  private static func entries(in files: FileTree, _ directory: String) -> [String] {
    let parts = (files.names(in: directory + "/out") ?? []).filter { $0.hasPrefix("sub_") }
    return parts.flatMap { files.names(in: "\(directory)/out/\($0)") ?? [] }
      .filter { $0 != "kexec-metadata" && $0 != "LUO" }
  }

  /// A session exists as long as a process has it open.
  private static func sessions(in files: FileTree) -> [PreservedState] {
    var found: [PreservedState] = []
    for process in files.numberedNames(in: "/proc") ?? [] {
      for descriptor in files.names(in: "/proc/\(process)/fd") ?? [] {
        guard let target = files.linkTarget("/proc/\(process)/fd/\(descriptor)"),
          target.hasPrefix(sessionPrefix)
        else { continue }
        let name = target.dropFirst(sessionPrefix.count).drop { $0 == " " }
        let session = PreservedState.session(
          name: String(name), process: files.text("/proc/\(process)/comm") ?? "?",
          id: Int(process) ?? 0)
        if !found.contains(session) { found.append(session) }
      }
    }
    return found
  }

  private static let sessionPrefix = "anon_inode:[luo_session]"

  /// The memory of all `reserve_mem=` is one entry, `memblock`; its names are on the command line.
  private static func reservedMemory(
    _ commandLine: KernelCommandLine, _ entries: [String]
  ) -> [PreservedState] {
    let names = commandLine.values(of: "reserve_mem").compactMap { value -> String? in
      let parts = value.split(separator: ":", omittingEmptySubsequences: false)
      return parts.count == 3 ? String(parts[2]) : nil
    }
    let others = entries.filter { names.isEmpty || $0 != "memblock" }
    return names.map { .reservedMemory(name: $0) } + others.map { .entry(name: $0) }
  }

  /// The file scratch_len, later bootmem_len, with one number in each line.
  private static func scratchSizes(in files: FileTree, _ directory: String) -> [UInt64] {
    let file = (files.names(in: directory + "/out") ?? []).first { $0.hasSuffix("_len") }
    let text = file.flatMap { files.text("\(directory)/out/\($0)") } ?? ""
    return text.split(whereSeparator: { $0.isASCIIWhitespace }).compactMap { UInt64(cNumber: $0) }
  }
}
