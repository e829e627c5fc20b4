/// The arguments of kexec_file_load, without the files, which are those of the request.
package struct FileLoad: Equatable, Sendable {
  /// KEXEC_FILE_ bits.
  package let flags: UInt
  /// Bytes of RAM that the kernel takes to start.
  package let kernelSize: UInt64
  /// Best-effort flags: if the running kernel does not know them, the load is repeated without them.
  package let bestEffortFlags: UInt
}
