// Streams that contain their bytes uncompressed: every decoder accepts them, and no library is
// needed to make them.

/// `bytes` as gzip (RFC 1952) with stored blocks.
package func storedGzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
  var start = 0
  repeat {
    let end = min(start + 0xFFFF, bytes.count)
    let size = UInt16(end - start)
    stream.append(end == bytes.count ? 1 : 0)
    stream.append(littleEndian: UInt64(size), count: 2)
    stream.append(littleEndian: UInt64(~size), count: 2)
    stream += bytes[start..<end]
    start = end
  } while start < bytes.count
  stream.append(littleEndian: UInt64(zlibCRC32(bytes)), count: 4)
  stream.append(littleEndian: UInt64(bytes.count), count: 4)
  return stream
}

/// `bytes` as one zstd frame (RFC 8878) of raw blocks, without a checksum. A block of equal bytes
/// is an RLE block, so that a small stream can have a large content.
package func storedZstd(_ bytes: [UInt8]) -> [UInt8] {
  // A single segment, whose size is given in four bytes.
  var stream: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0]
  stream.append(littleEndian: UInt64(bytes.count), count: 4)
  var start = 0
  repeat {
    let end = min(start + 0x1_0000, bytes.count)
    let block = bytes[start..<end]
    let isRun = block.count > 1 && block.dropFirst() == block.dropLast()
    stream.append(
      littleEndian: UInt64(block.count) << 3 | (isRun ? 2 : 0) | (end == bytes.count ? 1 : 0),
      count: 3)
    stream += isRun ? block.prefix(1) : block
    start = end
  } while start < bytes.count
  return stream
}

extension [UInt8] {
  /// Appends the lowest `count` bytes of `value`.
  package mutating func append(littleEndian value: UInt64, count: Int) {
    for index in 0..<count { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }
}

/// A kernel's payload: `bytes` as zstd, followed by their number, which the kernel's build appends
/// to all formats except gzip.
package func payload(zstd bytes: [UInt8]) -> [UInt8] {
  var payload = storedZstd(bytes)
  payload.append(littleEndian: UInt64(bytes.count), count: 4)
  return payload
}
