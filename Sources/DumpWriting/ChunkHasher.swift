internal import ByteCoding
internal import Digests

/// Takes the hashes of a part of a file, chunk by chunk, while it is written in order.
struct ChunkHasher {
  /// The chunks that are complete.
  private(set) var chunks: [WrittenDump.Chunk] = []
  private var digest = SHA256()
  private var start: UInt64
  private var count: UInt64 = 0
  let isUsed: Bool

  /// Of the part of the file that starts at `offset`; none unless `isUsed`.
  init(from offset: UInt64, isUsed: Bool) {
    start = offset
    self.isUsed = isUsed
  }

  /// Takes the next bytes.
  mutating func update(_ bytes: RawSpan) {
    guard isUsed else { return }
    var position = 0
    while position < bytes.byteCount {
      let rest = DumpWriter.chunkSize - count
      let size = Int(min(UInt64(bytes.byteCount - position), rest))
      digest.update(bytes.extracting(position..<(position + size)))
      count += UInt64(size)
      position += size
      if count == DumpWriter.chunkSize { endChunk() }
    }
  }

  /// Takes the bytes of an array.
  mutating func update(_ bytes: [UInt8]) {
    guard isUsed else { return }
    let shared = SharedBytes(bytes)
    update(shared.span)
  }

  /// Takes `count` zeros.
  mutating func update(zeros count: UInt64) {
    guard isUsed, count > 0 else { return }
    let zeros = SharedBytes([UInt8](repeating: 0, count: Int(min(count, .kibibytes(64)))))
    var rest = count
    while rest > 0 {
      let size = min(rest, UInt64(zeros.count))
      update(zeros.span.extracting(0..<Int(size)))
      rest -= size
    }
  }

  /// Ends the last chunk.
  mutating func finish() {
    if count > 0 { endChunk() }
  }

  private mutating func endChunk() {
    let digest = self.digest.finish()
    var bytes: [UInt8] = []
    for index in 0..<SHA256.byteCount { bytes.append(digest[index]) }
    chunks.append(WrittenDump.Chunk(offset: start, byteCount: count, digest: bytes))
    start += count
    count = 0
    self.digest = SHA256()
  }
}
