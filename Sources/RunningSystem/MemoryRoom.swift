package import LinuxSystem

/// What memory there is at a moment for a load: for the running kernel's copy of it, and for what this
/// program unpacks.
package struct MemoryRoom: Equatable, Sendable {
  /// Bytes that the running kernel can get: MemAvailable and SwapFree of `/proc/meminfo`; nil when
  /// unknown.
  package let machine: UInt64?
  /// Bytes that this process may still take in its control groups; nil without a limit. What the
  /// running kernel takes for an image does not count there.
  package let process: UInt64?

  /// These amounts.
  package init(machine: UInt64?, process: UInt64? = nil) {
    self.machine = machine
    self.process = process
  }

  /// Reads what there is now.
  package init(in files: FileTree) {
    let facts = MemoryFacts(in: files)
    self.init(
      machine: facts.available.map { $0 + (facts["SwapFree"] ?? 0) },
      process: ControlGroupMemory.available(in: files))
  }
}
