package import ByteCoding
package import CrashDumps

/// Why a dump cannot be written, or not to its end.
package enum DumpWriteError: Error, Equatable, Sendable {
  /// The crashed kernel's memory cannot be read at all. Single pages that cannot be read are no reason.
  case source(CrashImageError)
  /// The file cannot be written.
  case output(WriteFailure)
  /// The memory of the crashed kernel has changed while it was read: another set of pages is to be kept than at first.
  case sourceChanged
  /// There is not enough memory: what was wanted, in bytes.
  case outOfMemory(wanted: Int)
}
