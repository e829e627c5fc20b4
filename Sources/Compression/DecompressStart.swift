package import ByteCoding
internal import CLz4

/// The first bytes of the output of the stream of `format` at the start of `input`: at least `count`, or
/// fewer if the stream is shorter or damaged further on; nil when there are none.
///
/// This is cheap: it decompresses at most one block (128 KiB of zstd, 900 KB of bzip2, and what `count` needs
/// of the others).
package func decompressStart(
  of input: SharedBytes, as format: CompressionFormat, count: Int
) -> SharedBytes? {
  guard CompressionFormat.recognise(input.span) == format,
    var output = try? Output(limit: count, expectedSize: count, input: input)
  else { return nil }
  unsafe input.withUnsafeBytes { input in
    // Whether it ends by too much output or by damage, the output so far is used.
    if format == .zstd {
      _ = try? unsafe Zstd.stream(input, &output)
    } else if unsafe input.starts(with: LZ4.legacyMagic) {
      unsafe LZ4.decodeLegacyStart(input, &output)
    } else {
      _ = try? unsafe format.decoder(input, &output)
    }
  }
  let start = output.finishAnyway().freeze()
  return start.count > 0 ? start : nil
}

extension LZ4 {
  /// Fills the space in `output` from the first block, as far as that goes.
  fileprivate static func decodeLegacyStart(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) {
    let start = legacyMagic.count + 4
    guard input.count > start else { return }
    let word = unsafe UInt32(
      littleEndian: input.loadUnaligned(fromByteOffset: legacyMagic.count, as: UInt32.self))
    let space = unsafe output.unfilled
    guard let size = Int32(exactly: word), Int(size) <= input.count - start,
      let available = Int32(exactly: space.count)
    else { return }
    // SAFETY: the block lies inside the input, and no more than the space is written.
    let produced = unsafe LZ4_decompress_safe_partial(
      (input.baseAddress.map { unsafe $0 + start })?.assumingMemoryBound(to: CChar.self),
      space.baseAddress?.assumingMemoryBound(to: CChar.self), size, available, available)
    if produced > 0 { unsafe output.fill(Int(produced)) }
  }
}
