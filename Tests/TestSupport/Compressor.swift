internal import CBzip2
internal import CLz4
internal import CLzma
internal import CLzo
internal import CZlib
internal import CZstd
package import Compression

/// The compressors of the tests: each format, and its variants.
package enum Compressor: CaseIterable, Sendable {
  case gzip, xz, lzma, zstd, zstdWithoutSize, lz4Frame, lz4Legacy, bzip2, lzo, lzoWithChecksums

  /// The format that it writes.
  package var format: CompressionFormat {
    switch self {
    case .gzip: .gzip
    case .xz: .xz
    case .lzma: .lzma
    case .zstd, .zstdWithoutSize: .zstd
    case .lz4Frame, .lz4Legacy: .lz4
    case .bzip2: .bzip2
    case .lzo, .lzoWithChecksums: .lzo
    }
  }

  /// `data`, compressed at a fast level.
  package func compress(_ data: [UInt8]) -> [UInt8] {
    switch self {
    case .gzip: withGzip(data)
    case .xz: withXz(data, check: LZMA_CHECK_CRC32.rawValue)
    case .lzma: withLzma(data)
    case .zstd: withZstd(data, withSize: true)
    case .zstdWithoutSize: withZstd(data, withSize: false)
    case .lz4Frame: withLz4Frame(data)
    case .lz4Legacy: withLz4Legacy(data)
    case .bzip2: withBzip2(data)
    case .lzo: withLzop(data, flags: 0x3000001)
    case .lzoWithChecksums: withLzop(data, flags: 0x3001303)
    }
  }
}

/// The bytes that a C function writes into an array of `capacity` bytes; the function returns their
/// number.
private func written(
  _ capacity: Int, by body: (UnsafeMutableRawPointer, Int) -> Int
) -> [UInt8] {
  unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
    count = unsafe body(UnsafeMutableRawPointer(buffer.baseAddress.unsafelyUnwrapped), capacity)
  }
}

private func withGzip(_ data: [UInt8]) -> [UInt8] {
  var data = data
  let size = data.count
  return unsafe data.withUnsafeMutableBufferPointer { input in
    unsafe written(size + size / 8 + 1024) { output, capacity in
      var stream = unsafe z_stream()
      unsafe deflateInit2_(
        &stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
      unsafe stream.next_in = input.baseAddress
      unsafe stream.avail_in = UInt32(size)
      unsafe stream.next_out = output.assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_out = UInt32(capacity)
      precondition(unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END)
      unsafe deflateEnd(&stream)
      return unsafe capacity - Int(stream.avail_out)
    }
  }
}

/// `data`, data compressed by xz with this check: 1 is CRC32, 4 is CRC64, 10 is SHA-256, 0 is none.
package func withXz(_ data: [UInt8], check: UInt32) -> [UInt8] {
  unsafe written(data.count + data.count / 8 + 1024) { output, capacity in
    var size = 0
    let result = unsafe lzma_easy_buffer_encode(
      0, lzma_check(rawValue: check), nil, data, data.count,
      output.assumingMemoryBound(to: UInt8.self),
      &size, capacity)
    precondition(result == LZMA_OK)
    return size
  }
}

private func withLzma(_ data: [UInt8]) -> [UInt8] {
  unsafe data.withUnsafeBufferPointer { input in
    unsafe written(data.count + data.count / 8 + 1024) { output, capacity in
      var options = unsafe lzma_options_lzma()
      unsafe lzma_lzma_preset(&options, 0)
      var stream = unsafe lzma_stream()
      precondition(unsafe lzma_alone_encoder(&stream, &options) == LZMA_OK)
      unsafe stream.next_in = input.baseAddress
      unsafe stream.avail_in = input.count
      unsafe stream.next_out = output.assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_out = capacity
      precondition(unsafe lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END)
      unsafe lzma_end(&stream)
      return unsafe capacity - stream.avail_out
    }
  }
}

private func withZstd(_ data: [UInt8], withSize: Bool) -> [UInt8] {
  unsafe written(ZSTD_compressBound(data.count)) { output, capacity in
    let context = unsafe ZSTD_createCCtx()
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, withSize ? 1 : 0)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    let size = unsafe ZSTD_compress2(context, output, capacity, data, data.count)
    unsafe ZSTD_freeCCtx(context)
    precondition(ZSTD_isError(size) == 0)
    return size
  }
}

private func withLz4Frame(_ data: [UInt8]) -> [UInt8] {
  unsafe written(LZ4F_compressFrameBound(data.count, nil) + 4) { output, capacity in
    var preferences = LZ4F_preferences_t()
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
    let size = unsafe LZ4F_compressFrame(output, capacity, data, data.count, &preferences)
    precondition(LZ4F_isError(size) == 0)
    return size
  }
}

private func withLz4Legacy(_ data: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x02, 0x21, 0x4C, 0x18]
  for start in stride(from: 0, to: data.count, by: 8 << 20) {
    let block = Array(data[start..<min(start + 8 << 20, data.count)])
    let size = Int32(block.count)
    let compressed = unsafe block.withUnsafeBytes { input in
      unsafe written(Int(LZ4_compressBound(size))) { output, capacity in
        unsafe Int(
          LZ4_compress_default(
            input.baseAddress?.assumingMemoryBound(to: CChar.self),
            output.assumingMemoryBound(to: CChar.self), size, Int32(capacity)))
      }
    }
    result += unsafe withUnsafeBytes(of: UInt32(compressed.count).littleEndian) { unsafe Array($0) }
    result += compressed
  }
  return result
}

private func withBzip2(_ data: [UInt8]) -> [UInt8] {
  var data = data
  let count = UInt32(data.count)
  return unsafe data.withUnsafeMutableBytes { input in
    unsafe written(input.count + input.count / 8 + 1024) { output, capacity in
      var size = UInt32(capacity)
      // libbz2 needs an address even for an empty input.
      let start = unsafe input.baseAddress ?? output
      let result = unsafe BZ2_bzBuffToBuffCompress(
        output.assumingMemoryBound(to: CChar.self), &size,
        start.assumingMemoryBound(to: CChar.self), count, 1, 0, 0)
      precondition(result == BZ_OK)
      return Int(size)
    }
  }
}

/// The container of lzop 1.04, written from its documentation.
private func withLzop(_ data: [UInt8], flags: UInt32) -> [UInt8] {
  var header: [UInt8] = []
  header.append(bigEndian: UInt16(0x1040))  // version
  header.append(bigEndian: UInt16(0x20A0))  // version of the library
  header.append(bigEndian: UInt16(0x0940))  // version needed
  header += [1, 5]  // method, level
  header.append(bigEndian: flags)
  header.append(bigEndian: UInt32(0o100644))  // mode
  header.append(bigEndian: UInt32(0))  // time, low
  header.append(bigEndian: UInt32(0))  // time, high
  header += [4] + Array("name".utf8)
  var result: [UInt8] = [0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D, 0x0A, 0x1A, 0x0A] + header
  result.append(bigEndian: flags & 0x1000 != 0 ? crc(header) : adler(header))

  for start in stride(from: 0, to: data.count, by: 256 << 10) {
    let block = Array(data[start..<min(start + 256 << 10, data.count)])
    let compressed = withLZO1X(block)
    let isStored = compressed.count >= block.count
    result.append(bigEndian: UInt32(block.count))
    result.append(bigEndian: UInt32(isStored ? block.count : compressed.count))
    if flags & 0x1 != 0 { result.append(bigEndian: adler(block)) }
    if flags & 0x100 != 0 { result.append(bigEndian: crc(block)) }
    if flags & 0x2 != 0 && !isStored { result.append(bigEndian: adler(compressed)) }
    if flags & 0x200 != 0 && !isStored { result.append(bigEndian: crc(compressed)) }
    result += isStored ? block : compressed
  }
  result.append(bigEndian: UInt32(0))
  return result
}

/// `block` as one LZO1X block, without a container.
package func withLZO1X(_ block: [UInt8]) -> [UInt8] {
  // LZO1X_1_MEM_COMPRESS: 16384 pointers.
  let work = UnsafeMutableRawPointer.allocate(byteCount: 16384 * 8, alignment: 16)
  defer { unsafe work.deallocate() }
  return unsafe written(block.count + block.count / 16 + 67) { output, capacity in
    var size = UInt(capacity)
    let result = unsafe lzo1x_1_compress(
      block, UInt(block.count), output.assumingMemoryBound(to: UInt8.self), &size, work)
    precondition(result == LZO_E_OK)
    return Int(size)
  }
}

private func adler(_ bytes: [UInt8]) -> UInt32 {
  unsafe UInt32(adler32_z(1, bytes, bytes.count))
}

private func crc(_ bytes: [UInt8]) -> UInt32 {
  unsafe UInt32(crc32_z(0, bytes, bytes.count))
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
    self += unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) }
  }
}
