package import ByteCoding
internal import CLz4
internal import CZstd

/// The first bytes of what the stream of `format` at the start of `input` holds: at least `count` of
/// them, or all there are when the stream is shorter or damaged further on. Nil when it has none.
///
/// Costs little: no more is decompressed than a block (128 KiB of zstd, 900 KB of bzip2, what `count`
/// needs of the others).
package func decompressStart(
  of input: SharedBytes, as format: CompressionFormat, count: Int
) -> SharedBytes? {
  guard CompressionFormat.recognise(input.span) == format,
    var output = try? Output(limit: count, expectedSize: count, input: input)
  else { return nil }
  unsafe input.withUnsafeBytes { input in
    switch format {
    case .gzip: _ = try? unsafe Gzip.decode(input, &output)
    case .xz: _ = try? unsafe LZMA.decodeXZ(input, &output)
    case .lzma: _ = try? unsafe LZMA.decodeAlone(input, &output)
    case .bzip2: _ = try? unsafe Bzip2.decode(input, &output)
    case .lzo: _ = try? unsafe LZO.decode(input, &output)
    case .zstd: unsafe Zstd.decodeStart(input, &output)
    case .lz4:
      if unsafe input.starts(with: LZ4.legacyMagic) {
        unsafe LZ4.decodeLegacyStart(input, &output)
      } else {
        _ = try? unsafe LZ4.decode(input, &output)
      }
    }
  }
  let start = output.finishAnyway().freeze()
  return start.count > 0 ? start : nil
}

extension Zstd {
  /// Fills the room in `output`, by a window of zstd's own.
  fileprivate static func decodeStart(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) {
    guard let context = unsafe ZSTD_createDCtx() else { return }
    defer { unsafe _ = ZSTD_freeDCtx(context) }
    let room = unsafe output.unfilled
    var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
    var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    while unsafe target.pos < target.size {
      let before = unsafe (source.pos, target.pos)
      let result = unsafe ZSTD_decompressStream(context, &target, &source)
      guard ZSTD_getErrorCode(result) == ZSTD_error_no_error, result != 0,
        unsafe (source.pos, target.pos) != before
      else { break }
    }
    unsafe output.fill(target.pos)
  }
}

extension LZ4 {
  /// Fills the room in `output` from the first block, as far as that goes.
  fileprivate static func decodeLegacyStart(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) {
    let start = legacyMagic.count + 4
    guard input.count > start else { return }
    let word = unsafe UInt32(
      littleEndian: input.loadUnaligned(fromByteOffset: legacyMagic.count, as: UInt32.self))
    let room = unsafe output.unfilled
    guard let size = Int32(exactly: word), Int(size) <= input.count - start,
      let space = Int32(exactly: room.count)
    else { return }
    // SAFETY: the block lies inside the input, and no more than the room is written.
    let produced = unsafe LZ4_decompress_safe_partial(
      (input.baseAddress.map { unsafe $0 + start })?.assumingMemoryBound(to: CChar.self),
      room.baseAddress?.assumingMemoryBound(to: CChar.self), size, space, space)
    if produced > 0 { unsafe output.fill(Int(produced)) }
  }
}
