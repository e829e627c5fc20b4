import CPurgatoryABI
import Machine

/// The digest of the loaded segments, compared with that of the loader.
struct Check {
  /// Whether the segments are unchanged; also true if there is no check.
  let passed: Bool
  /// The name of the digest.
  let algorithm: StaticString
  /// Bytes of the digest.
  let byteCount: Int
  /// The digest of the current segments, in the first bytes.
  let found: SHA256.Digest

  /// Digests the regions that `parameters` lists, in order, as if they were one message.
  init(_ parameters: Parameters) {
    // SAFETY: the caller made sure that the region count is within the block's limit.
    switch unsafe Int32(bitPattern: parameters.pointee.digest_kind) {
    case PURGATORY_DIGEST_KOMIHASH:
      algorithm = "komihash"
      byteCount = Komihash.byteCount
      found = unsafe komihash(parameters)
    case PURGATORY_DIGEST_SHA256:
      algorithm = "SHA-256"
      byteCount = SHA256.byteCount
      found = unsafe sha256(parameters)
    default:
      algorithm = "no digest"
      byteCount = 0
      found = SHA256.Digest(repeating: 0)
    }
    let expected = unsafe purgatory_digest(parameters)
    var difference: UInt8 = 0
    for index in 0..<byteCount {
      unsafe difference |= found[index] ^ expected[index]
    }
    passed = difference == 0
  }
}

private func komihash(_ parameters: Parameters) -> SHA256.Digest {
  var digest = Komihash()
  unsafe forEachRegion(of: parameters) { unsafe digest.update($0) }
  var value = digest.finish()
  var bytes = SHA256.Digest(repeating: 0)
  for index in 0..<Komihash.byteCount {
    value = (value &<< 8) | (value &>> 56)
    bytes[index] = UInt8(truncatingIfNeeded: value)
  }
  return bytes
}

private func sha256(_ parameters: Parameters) -> SHA256.Digest {
  let usesInstructions =
    unsafe !parameters.has(PURGATORY_FLAG_PLAIN_DIGEST) && SHA256.hasInstructions
  // In an ordinary process the control registers cannot be changed, and the system has enabled SSE.
  let enablesSSE = usesInstructions && machine_is_privileged()
  let before = enablesSSE ? machine_enable_sse() : machine_control()
  var digest = SHA256(usingInstructions: usesInstructions)
  unsafe forEachRegion(of: parameters) { unsafe digest.update($0) }
  let bytes = digest.finish()
  if enablesSSE { machine_restore_sse(before) }
  return bytes
}

@inline(__always)
private func forEachRegion(
  of parameters: Parameters, _ body: (UnsafeRawBufferPointer) -> Void
) {
  // SAFETY: the regions are memory that the loader filled and that the identity map has; reading it
  // is harmless.
  var region = unsafe purgatory_regions(parameters)
  let end = unsafe region + Int(truncatingIfNeeded: parameters.pointee.region_count)
  while unsafe region != end {
    unsafe body(
      UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: UInt(region.pointee.start)),
        count: Int(truncatingIfNeeded: region.pointee.byte_count)))
    unsafe region += 1
  }
}
