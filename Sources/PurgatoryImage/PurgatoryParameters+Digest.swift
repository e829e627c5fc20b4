package import Digests

extension PurgatoryParameters.Digest {
  /// The check for the message of `digest`: the bytes of all regions, in order.
  package init(finishing digest: consuming Komihash) {
    self = .komihash(digest.finish())
  }

  /// The check for the message of `digest`: the bytes of all regions, in order.
  package init(finishing digest: consuming SHA256) {
    let bytes = digest.finish()
    self = .sha256(bytes.indices.map { bytes[$0] })
  }
}
