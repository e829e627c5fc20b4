package import ByteCoding
internal import CZlib
internal import CZstd

/// Decompresses pages of a crash dump. One thread uses it; its memory is used again for each page.
@safe package final class PageDecompressor {
  // SAFETY: nobody else knows it, and it is freed with this object. Making it asks the processor what it can do, which takes
  // longer in a virtual machine than decompressing a page.
  private let zstd: OpaquePointer?

  /// A decompressor of all methods.
  package init() {
    unsafe zstd = ZSTD_createDCtx()
  }

  deinit { unsafe _ = ZSTD_freeDCtx(zstd) }

  /// The `count` bytes that `input` decompresses to; nil unless it is whole and has exactly so many.
  package func decompress(
    _ input: SharedBytes, _ compression: PageCompression, count: Int
  ) -> SharedBytes? {
    let page = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
    let space = unsafe UnsafeMutableRawBufferPointer(rebasing: page[..<count])
    let isWhole = unsafe input.withUnsafeBytes {
      unsafe decompress($0, compression, into: space)
    }
    guard isWhole else {
      unsafe page.deallocate()
      return nil
    }
    // SAFETY: all of `space` has been written; `release` frees what was allocated here.
    return unsafe SharedBytes(adopting: UnsafeRawBufferPointer(space)) { unsafe $0.deallocate() }
  }

  private func decompress(
    _ input: UnsafeRawBufferPointer, _ compression: PageCompression,
    into space: UnsafeMutableRawBufferPointer
  ) -> Bool {
    switch compression {
    case .zlib:
      var count = uLongf(space.count)
      let result = unsafe uncompress(
        space.asOutput, &count, input.asInput, uLong(input.count))
      return result == Z_OK && Int(count) == space.count
    case .lzo:
      return unsafe LZO1X.decode(input, into: space)
    case .zstd:
      guard let zstd = unsafe zstd else { return false }
      let count = unsafe ZSTD_decompressDCtx(
        zstd, space.baseAddress, space.count, input.baseAddress, input.count)
      return count == space.count
    }
  }
}
