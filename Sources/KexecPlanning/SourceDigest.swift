internal import ByteCoding
internal import Digests

/// What a part of a mapped file digested to before the load. Mapped bytes are no copy: who writes to the
/// file meanwhile changes them, and then the running kernel has copied something else than what the
/// purgatory will look for.
struct SourceDigest: Sendable {
  /// What the bytes are for.
  let role: PlannedSegment.Role
  private let bytes: SharedBytes
  private let digest: UInt64

  /// The digest of `segment`'s bytes as they are now; nil when nobody else can change them.
  init?(_ segment: PlannedSegment) {
    guard segment.bytes.isMapped else { return nil }
    role = segment.role
    bytes = segment.bytes
    digest = Self.digest(of: segment.bytes)
  }

  /// Whether the bytes are others now.
  var hasChanged: Bool { Self.digest(of: bytes) != digest }

  private static func digest(of bytes: SharedBytes) -> UInt64 {
    var hash = Komihash()
    hash.update(bytes.span)
    bytes.evict()
    return hash.finish()
  }
}
