/// The memory that is available for a load: for the running kernel's copy of it, and for what this program
/// unpacks.
package struct AvailableMemory: Equatable, Sendable {
  /// Bytes that the running kernel can get: MemAvailable and SwapFree of `/proc/meminfo`; nil when
  /// unknown.
  package let machine: UInt64?
  /// Bytes that this process may still take in its control groups; nil without a limit. What the running
  /// kernel takes for an image does not count in them.
  package let process: UInt64?
}
