package import ByteCoding
internal import CZlib
internal import CZstd

/// How a page of a crash dump is compressed: each is a stream of its own, without a container.
package enum PageCompression: String, Sendable {
  /// A zlib stream, as RFC 1950 describes it.
  case zlib
  /// A block of LZO1X.
  case lzo
  /// A zstd frame.
  case zstd

  /// The `count` bytes that `input` decompresses to; nil unless it is whole and has exactly so many.
  package func decompress(_ input: SharedBytes, count: Int) -> SharedBytes? {
    let page = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
    let space = unsafe UnsafeMutableRawBufferPointer(rebasing: page[..<count])
    let isWhole = unsafe input.withUnsafeBytes { unsafe decompress($0, into: space) }
    guard isWhole else {
      unsafe page.deallocate()
      return nil
    }
    // SAFETY: all of `space` has been written; `release` frees what was allocated here.
    return unsafe SharedBytes(adopting: UnsafeRawBufferPointer(space)) { unsafe $0.deallocate() }
  }

  private func decompress(
    _ input: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer
  ) -> Bool {
    switch self {
    case .zlib:
      var count = uLongf(space.count)
      let result = unsafe uncompress(
        space.asOutput, &count, input.asInput, uLong(input.count))
      return result == Z_OK && Int(count) == space.count
    case .lzo:
      return unsafe LZO1X.decode(input, into: space)
    case .zstd:
      let count = unsafe ZSTD_decompress(
        space.baseAddress, space.count, input.baseAddress, input.count)
      return count == space.count
    }
  }
}
