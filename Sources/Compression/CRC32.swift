package import ByteCoding
internal import CZlib

/// The CRC-32 of zlib and gzip, of several chunks in turn. Corresponds to zlib's `crc32`.
package struct CRC32: Sendable {
  /// The checksum of everything that was added so far.
  package private(set) var value: UInt32 = 0

  /// The checksum of nothing.
  package init() {}

  /// Adds `bytes`.
  package mutating func add(_ bytes: SharedBytes) {
    value = unsafe bytes.withUnsafeBytes { buffer in
      unsafe UInt32(
        truncatingIfNeeded: crc32_z(
          UInt(value), buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count))
    }
  }
}
