package import Digests

extension PurgatoryParameters.Digest {
  /// The check for what `digest` was given: the bytes of all regions, in order.
  package init(finishing digest: consuming Komihash) {
    self = .komihash(digest.finish())
  }

  /// The check for what `digest` was given: the bytes of all regions, in order.
  package init(finishing digest: consuming SHA256) {
    let bytes = digest.finish()
    self = .sha256(bytes.indices.map { bytes[$0] })
  }
}
