/// The arguments of kexec_file_load; the files are the request's.
package struct FileLoad: Equatable, Sendable {
  /// KEXEC_FILE_ bits.
  package let flags: UInt
  /// Bytes of RAM that the kernel takes to start.
  package let kernelSize: UInt64
  /// Best-effort flags: where the kernel does not know them the load is tried without.
  package let bestEffortFlags: UInt
}
