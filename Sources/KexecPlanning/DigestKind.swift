/// How the purgatory checks the segments before it enters the kernel.
package enum DigestKind: String, Equatable, Sendable {
  /// Not at all.
  case none
  /// By a 64-bit komihash of the bytes of all segments but its own: finds stray writes, at the speed of
  /// memory.
  case komihash
  /// By SHA-256 over the same bytes.
  case sha256
}
