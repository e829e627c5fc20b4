package import ByteCoding
internal import CZlib
internal import CZstd

/// Compresses pages of a crash dump, each for itself. One thread uses it; its memory is used again for each page.
@safe package final class PageCompressor {
  // SAFETY: exactly one of them is not nil. Nobody else knows them, and they are freed with this object.
  private let zstd: OpaquePointer?
  private let zlib: UnsafeMutablePointer<z_stream>?

  /// The level of both: fast, as other writers of dumps have it.
  private static let level: CInt = 1

  /// The next page is as a rule like the last one. Where zstd has made that one so small, packing the bytes that matches
  /// leave over takes a third of the time and saves 3 %: smaller pages are many, and of larger ones it saves more.
  private static let worthless = 300..<1300
  private var packsRest = true

  /// The most bytes that a page can become while it is compressed, and so the space that must be there.
  package static let workSpace = 4096 + 512

  /// A compressor of `compression`.
  ///
  /// - Throws: `OutOfMemory`, also for LZO, which this program only unpacks.
  package init(_ compression: PageCompression) throws(OutOfMemory) {
    switch compression {
    case .zstd:
      unsafe zlib = nil
      unsafe zstd = ZSTD_createCCtx()
      guard let zstd = unsafe zstd else { throw OutOfMemory(wanted: .kibibytes(128)) }
      // Matches of 4 bytes instead of 5: of most kernels' pages 1 % is saved, and no time is lost.
      let parameters = [
        (ZSTD_c_compressionLevel, Self.level), (ZSTD_c_windowLog, 12), (ZSTD_c_hashLog, 13),
        (ZSTD_c_minMatch, 4),
      ]
      for (name, value) in parameters { unsafe ZSTD_CCtx_setParameter(zstd, name, value) }
    case .zlib:
      unsafe zstd = nil
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      unsafe stream.initialize(to: z_stream())
      // A window of one page, and symbols for one block of as many bytes: with more, clearing the tables takes
      // longer than compressing.
      let result = unsafe deflateInit2_(
        stream, Self.level, Z_DEFLATED, 12, 6, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        CInt(MemoryLayout<z_stream>.size))
      guard result == Z_OK else {
        unsafe stream.deallocate()
        throw OutOfMemory(wanted: .kibibytes(128))
      }
      unsafe zlib = stream
    case .lzo:
      throw OutOfMemory(wanted: 0)
    }
  }

  deinit {
    unsafe _ = ZSTD_freeCCtx(zstd)
    if let zlib = unsafe zlib {
      unsafe deflateEnd(zlib)
      unsafe zlib.deallocate()
    }
  }

  /// Forgets the pages before: what follows depends on no other.
  package func begin() {
    guard let zstd = unsafe zstd, !packsRest else { return }
    packsRest = true
    unsafe ZSTD_CCtx_setParameter(zstd, CZstd_literals, CZstd_packed)
  }

  /// Compresses `page` into `space`, which has at least `workSpace` bytes.
  ///
  /// - Returns: how many bytes it has become; nil if they are not fewer than the page has.
  @unsafe package func compress(
    _ page: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let size: Int
    if let zlib = unsafe zlib {
      unsafe deflateReset(zlib)
      unsafe zlib.pointee.next_in = page.asInput
      unsafe zlib.pointee.avail_in = UInt32(page.count)
      unsafe zlib.pointee.next_out = space.asOutput
      unsafe zlib.pointee.avail_out = UInt32(space.count)
      guard unsafe deflate(zlib, Z_FINISH) == Z_STREAM_END else { return nil }
      size = unsafe space.count - Int(zlib.pointee.avail_out)
    } else {
      size = unsafe ZSTD_compress2(
        zstd, space.baseAddress, space.count, page.baseAddress, page.count)
      guard ZSTD_isError(size) == 0 else { return nil }
      if Self.worthless.contains(size) == packsRest {
        packsRest = !packsRest
        unsafe ZSTD_CCtx_setParameter(
          zstd, CZstd_literals, packsRest ? CZstd_packed : CZstd_plain)
      }
    }
    return size < page.count ? size : nil
  }
}
