/// How a page of a crash dump is compressed: each is a stream of its own, without a container.
package enum PageCompression: String, Sendable {
  /// A zlib stream, as RFC 1950 describes it.
  case zlib
  /// A block of LZO1X.
  case lzo
  /// A zstd frame.
  case zstd
}
