internal import CLibrary

extension RawSpan {
  /// Whether the bytes in `range` are all zero.
  ///
  /// - Precondition: the range is inside, and not empty.
  package func isZero(_ range: Range<Int>) -> Bool {
    let bytes = extracting(range)
    return unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return true }
      // SAFETY: both ranges that are compared end where the bytes do.
      guard unsafe start.load(as: UInt8.self) == 0 else { return false }
      // The second byte equals the first, and so on.
      return unsafe memcmp(start, start + 1, bytes.count - 1) == 0
    }
  }

  /// Whether the bytes in `range` are those of `other`, of which there are as many.
  ///
  /// - Precondition: the range is inside.
  package func equals(_ range: Range<Int>, _ other: RawSpan) -> Bool {
    guard range.count == other.byteCount else { return false }
    let bytes = extracting(range)
    return unsafe bytes.withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        guard let first = left.baseAddress, let second = right.baseAddress else {
          return true
        }
        return unsafe memcmp(first, second, left.count) == 0
      }
    }
  }
}
