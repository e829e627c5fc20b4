import CPurgatoryABI

/// The digest of the loaded segments, compared with what the loader found.
struct Check {
  /// Whether the segments are what they were; true as well if no check was asked for.
  let passed: Bool
  /// The digest of the segments as they are.
  let found: SHA256.Digest

  /// Digests the regions that `parameters` lists, in order, as if they were one message.
  init(_ parameters: Parameters) {
    // SAFETY: the caller made sure that the region count is within the block's limit. The regions
    // are memory that the loader filled and that the identity map has; reading it is harmless.
    guard unsafe parameters.pointee.digest_kind == UInt32(PURGATORY_DIGEST_SHA256) else {
      passed = true
      found = SHA256.Digest(repeating: 0)
      return
    }
    var digest = SHA256()
    var region = unsafe purgatory_regions(parameters)
    let end = unsafe region + Int(truncatingIfNeeded: parameters.pointee.region_count)
    while unsafe region != end {
      unsafe digest.update(
        UnsafeRawBufferPointer(
          start: UnsafeRawPointer(bitPattern: UInt(region.pointee.start)),
          count: Int(truncatingIfNeeded: region.pointee.byte_count)))
      unsafe region += 1
    }
    found = digest.finish()

    let expected = unsafe purgatory_digest(parameters)
    var difference: UInt8 = 0
    for index in 0..<SHA256.byteCount {
      unsafe difference |= found[index] ^ expected[index]
    }
    passed = difference == 0
  }
}
