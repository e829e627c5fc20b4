internal import ByteCoding
internal import Digests

/// The digest of bytes of a mapped file before the load. Mapped bytes are not a copy: if another program
/// writes to the file meanwhile, the running kernel copies other bytes than those that the purgatory expects.
struct SourceDigest: Sendable {
  /// What the bytes are for.
  let role: PlannedSegment.Role
  private let bytes: SharedBytes
  private let digest: UInt64

  /// The digest of the current bytes of `segment`; nil when no other program can change them.
  init?(_ segment: PlannedSegment) {
    guard segment.bytes.isMapped else { return nil }
    role = segment.role
    bytes = segment.bytes
    digest = Self.digest(of: segment.bytes)
  }

  /// Whether the bytes have changed since.
  var hasChanged: Bool { Self.digest(of: bytes) != digest }

  private static func digest(of bytes: SharedBytes) -> UInt64 {
    var hash = Komihash()
    hash.update(bytes.span)
    bytes.evict()
    return hash.finish()
  }
}
