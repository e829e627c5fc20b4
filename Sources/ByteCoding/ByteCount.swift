// Sizes and limits are written with units: `.mebibytes(64)`.

extension Int {
  /// `count` times 1024 bytes.
  @inlinable @inline(__always)
  package static func kibibytes(_ count: Int) -> Int { count << 10 }

  /// `count` times 1024 KiB.
  @inlinable @inline(__always)
  package static func mebibytes(_ count: Int) -> Int { count << 20 }

  /// `count` times 1024 MiB.
  @inlinable @inline(__always)
  package static func gibibytes(_ count: Int) -> Int { count << 30 }

  /// The lowest multiple of `alignment`, a power of two, that is not below this number.
  ///
  /// - Precondition: there is one.
  @inlinable @inline(__always)
  package func roundedUp(to alignment: Int) -> Int { (self + (alignment - 1)) & ~(alignment - 1) }
}

extension UInt64 {
  /// `count` times 1024 bytes.
  @inlinable @inline(__always)
  package static func kibibytes(_ count: UInt64) -> UInt64 { count << 10 }

  /// `count` times 1024 KiB.
  @inlinable @inline(__always)
  package static func mebibytes(_ count: UInt64) -> UInt64 { count << 20 }

  /// `count` times 1024 MiB.
  @inlinable @inline(__always)
  package static func gibibytes(_ count: UInt64) -> UInt64 { count << 30 }

  /// The lowest multiple of `alignment`, a power of two, that is not below this number.
  ///
  /// - Precondition: there is one.
  @inlinable @inline(__always)
  package func roundedUp(to alignment: UInt64) -> UInt64 {
    (self + (alignment - 1)) & ~(alignment - 1)
  }

  /// Whether at most one bit is set: the number is 0 or a power of two.
  package var isZeroOrPowerOfTwo: Bool { self & (self &- 1) == 0 }
}
