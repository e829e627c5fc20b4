/// Makes flattened files.
package struct FlattenedBuilder {
  private let content: [UInt8]
  /// Bytes of each record.
  package var recordSize = 5000

  /// A flattened file with these bytes inside.
  package init(_ content: [UInt8]) {
    self.content = content
  }

  /// The file: the records from the last to the first, and the one that ends it; or the records from the first on, cut in
  /// the last.
  package func bytes(isCut: Bool = false) -> [UInt8] {
    func number(_ value: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }
    var file = Array("makedumpfile".utf8) + [0, 0, 0, 0] + number(1) + number(1)
    file += [UInt8](repeating: 0, count: 4096 - file.count)
    let starts = Array(stride(from: 0, to: content.count, by: recordSize))
    for start in isCut ? starts : starts.reversed() {
      let part = content[start..<min(start + recordSize, content.count)]
      file += number(UInt64(start)) + number(UInt64(part.count)) + part
    }
    return isCut ? Array(file.dropLast(100)) : file + number(.max) + number(.max)
  }
}
