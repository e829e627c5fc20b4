internal import ByteCoding

/// Writes a map with a bit for each page, section by section in ascending order, with a small buffer.
struct MapWriter {
  private let start: UInt64
  private let byteCount: UInt64
  private let output: RandomAccessOutput
  private let isBlank: Bool
  /// Bytes in front of the buffer.
  private var position: UInt64 = 0
  private var buffer: [UInt8] = []
  /// How many bits were set.
  private(set) var bitCount: UInt64 = 0

  private static let bufferSize: Int = .kibibytes(64)

  /// A map of `byteCount` bytes at `start` of `output`.
  init(at start: UInt64, byteCount: UInt64, in output: RandomAccessOutput, isBlank: Bool) {
    self.start = start
    self.byteCount = byteCount
    self.output = output
    self.isBlank = isBlank
  }

  /// Adds the bits of the pages from `frame` on, a multiple of 8.
  mutating func append(
    _ words: [UInt64], from frame: UInt64, _ hasher: inout ChunkHasher
  ) throws(WriteFailure) {
    try skip(to: frame >> 3, &hasher)
    for word in words {
      // Only zeros are behind the end.
      guard position + UInt64(buffer.count) + 8 <= byteCount else { break }
      buffer.append(littleEndian: word)
      bitCount += UInt64(word.nonzeroBitCount)
    }
    if buffer.count >= Self.bufferSize { try flush(&hasher) }
  }

  /// Fills the rest with zeros.
  mutating func finish(_ hasher: inout ChunkHasher) throws(WriteFailure) {
    try skip(to: byteCount, &hasher)
    try flush(&hasher)
  }

  private mutating func skip(to place: UInt64, _ hasher: inout ChunkHasher) throws(WriteFailure) {
    let gap = place - position - UInt64(buffer.count)
    if gap <= UInt64(Self.bufferSize) {
      buffer += [UInt8](repeating: 0, count: Int(gap))
      return
    }
    try flush(&hasher)
    if !isBlank { try output.write(zeros: gap, at: start + position) }
    hasher.update(zeros: gap)
    position += gap
  }

  private mutating func flush(_ hasher: inout ChunkHasher) throws(WriteFailure) {
    let bytes = SharedBytes(buffer)
    try output.write(bytes.span, at: start + position)
    hasher.update(bytes.span)
    position += UInt64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }
}

extension RandomAccessOutput {
  /// Writes `count` zeros to `offset`.
  func write(zeros count: UInt64, at offset: UInt64) throws(WriteFailure) {
    let zeros = SharedBytes([UInt8](repeating: 0, count: Int(min(count, .kibibytes(64)))))
    var done: UInt64 = 0
    while done < count {
      let size = min(count - done, UInt64(zeros.count))
      try write(zeros.span.extracting(0..<Int(size)), at: offset + done)
      done += size
    }
  }
}
