package import ByteCoding
internal import CrashDumps

/// A flattened file, for where bytes can only be written one behind the other: each write to `output` becomes a record.
/// Writes that follow each other become one.
///
/// SAFETY: one thread uses it.
package final class FlattenedOutput: @unchecked Sendable {
  private typealias Layout = FlattenedLayout

  private let append: @Sendable (RawSpan) throws(WriteFailure) -> Void
  /// Bytes of the flattened file so far.
  package private(set) var byteCount: UInt64 = 0
  /// Bytes for the place `start` of the file inside that are in no record yet.
  private var pending: [UInt8] = []
  private var start: UInt64 = 0

  /// Bytes of a record that is made of several writes, at most.
  private static let recordSize: Int = .mebibytes(1)

  /// A file whose bytes `append` takes, from the first to the last.
  package init(append: @escaping @Sendable (RawSpan) throws(WriteFailure) -> Void) {
    self.append = append
  }

  /// The file inside.
  package var output: RandomAccessOutput {
    RandomAccessOutput { (bytes, offset) throws(WriteFailure) in
      try self.write(bytes, at: offset)
    }
  }

  /// Writes what is missing, and the record that ends the file.
  package func finish() throws(WriteFailure) {
    try flush()
    try writeHead()
    try put([UInt8](repeating: 0xFF, count: Layout.recordSize))
  }

  private func write(_ bytes: RawSpan, at offset: UInt64) throws(WriteFailure) {
    let follows = offset == start + UInt64(pending.count)
    if !follows || pending.count + bytes.byteCount > Self.recordSize { try flush() }
    guard bytes.byteCount < Self.recordSize / 2 else {
      try flush()
      try writeHeader(at: offset, count: bytes.byteCount)
      try put(bytes)
      start = offset + UInt64(bytes.byteCount)
      return
    }
    if pending.isEmpty { start = offset }
    unsafe bytes.withUnsafeBytes { unsafe pending += $0 }
  }

  private func flush() throws(WriteFailure) {
    guard !pending.isEmpty else { return }
    try writeHeader(at: start, count: pending.count)
    try put(pending)
    start += UInt64(pending.count)
    pending.removeAll(keepingCapacity: true)
  }

  private func writeHead() throws(WriteFailure) {
    guard byteCount == 0 else { return }
    var head = [UInt8](repeating: 0, count: Layout.headSize)
    head.store(Array(Layout.magic.utf8), at: 0)
    head.store(UInt64(1).byteSwapped, as: Layout.type)
    head.store(UInt64(1).byteSwapped, as: Layout.version)
    try put(head)
  }

  private func writeHeader(at offset: UInt64, count: Int) throws(WriteFailure) {
    try writeHead()
    var header = [UInt8](repeating: 0, count: Layout.recordSize)
    header.store(offset.byteSwapped, as: Layout.recordOffset)
    header.store(UInt64(count).byteSwapped, as: Layout.recordCount)
    try put(header)
  }

  private func put(_ bytes: [UInt8]) throws(WriteFailure) {
    let shared = SharedBytes(bytes)
    try put(shared.span)
  }

  private func put(_ bytes: RawSpan) throws(WriteFailure) {
    try append(bytes)
    byteCount += UInt64(bytes.byteCount)
  }
}
