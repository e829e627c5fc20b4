package import ByteCoding

/// A record of a flattened file, as one that is read from its start to its end sees it.
package enum FlattenedRecord: Equatable, Sendable {
  /// So many bytes follow, which belong to this offset of the file inside.
  case part(offset: UInt64, byteCount: UInt64)
  /// The file ends here.
  case end

  /// No file has so many bytes.
  private static let limit: UInt64 = 1 << 62

  /// Whether `bytes` are those before the first record.
  package static func isHead(_ bytes: SharedBytes) -> Bool {
    bytes.count == FlattenedLayout.headSize
      && (try? bytes.span.load(UInt64.self, at: 0)) == FlattenedLayout.magicValue
  }

  /// The record that starts with `bytes`; nil if it cannot be right.
  package init?(_ bytes: SharedBytes) {
    guard let offset = try? bytes.span.load(FlattenedLayout.recordOffset).byteSwapped,
      let count = try? bytes.span.load(FlattenedLayout.recordCount).byteSwapped
    else { return nil }
    if offset == UInt64.max, count == UInt64.max {
      self = .end
      return
    }
    guard offset < Self.limit, count < Self.limit - offset else { return nil }
    self = .part(offset: offset, byteCount: count)
  }
}
