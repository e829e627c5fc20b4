package import ByteCoding

/// A record of a flattened file, as one that is read from its start to its end sees it.
package enum FlattenedRecord: Equatable, Sendable {
  /// So many bytes follow, which belong to this offset of the file inside.
  case part(offset: UInt64, byteCount: UInt64)
  /// The file ends here.
  case end

  /// Bytes before the first record.
  package static let headSize = 4096
  /// Bytes of a record before those that it holds.
  package static let size = 16
  /// No file has so many bytes.
  private static let limit: UInt64 = 1 << 62

  /// Whether `bytes` are those before the first record.
  package static func isHead(_ bytes: SharedBytes) -> Bool {
    bytes.count == headSize
      && (try? bytes.span.load(UInt64.self, at: 0)) == FlattenedFile.magicValue
  }

  /// The record that starts with `bytes`; nil if it cannot be right.
  package init?(_ bytes: SharedBytes) {
    guard let offset = try? bytes.span.load(UInt64.self, at: 0).byteSwapped,
      let count = try? bytes.span.load(UInt64.self, at: 8).byteSwapped
    else { return nil }
    if offset == UInt64.max, count == UInt64.max {
      self = .end
      return
    }
    guard offset < Self.limit, count < Self.limit - offset else { return nil }
    self = .part(offset: offset, byteCount: count)
  }
}
