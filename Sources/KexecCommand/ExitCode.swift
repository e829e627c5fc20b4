/// What `kexec` exits with; scripts rely on the numbers.
package enum ExitCode: Int32, Sendable {
  /// Done; for `-S`: nothing is loaded.
  case success = 0
  /// Wrong usage; nothing loaded for `-e`; for `-S`: something is loaded.
  case usage = 1
  /// No region is reserved for a crash kernel.
  case noCrashRegion = 254
  /// It could not be loaded or run; for `-S`: the running kernel has no kexec.
  case failure = 255
}
