/// The exit codes of `kexec`. Scripts rely on the numbers.
package enum ExitCode: Int32, Sendable {
  /// Success. `-S`: nothing is loaded.
  case success = 0
  /// Wrong usage. `-e`: nothing is loaded. `-S`: something is loaded.
  case usage = 1
  /// A dump is complete, but lacks something of what was asked for.
  case downgraded = 3
  /// A dump is not complete, but can be read.
  case incomplete = 4
  /// No region is reserved for a crash kernel.
  case noCrashRegion = 254
  /// The kernel could not be loaded or run. `-S`: the running kernel does not support kexec.
  case failure = 255
}
