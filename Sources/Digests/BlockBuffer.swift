/// Cuts a message that arrives in chunks into blocks of 64 bytes, for digests that process whole blocks.
struct BlockBuffer: Sendable {
  /// Bytes in a block.
  static let blockSize = 64

  /// The first bytes of a block that is not full yet.
  private var partial = InlineArray<64, UInt8>(repeating: 0)
  /// How many bytes were given so far.
  private(set) var total: UInt64 = 0

  /// How many bytes of an incomplete block there are.
  var filled: Int { Int(truncatingIfNeeded: total) & (Self.blockSize &- 1) }

  /// Appends `bytes`; `mix` gets the address and the number of the blocks that are full then.
  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer, _ mix: (UnsafeRawPointer, Int) -> Void) {
    guard var next = bytes.baseAddress else { return }
    var left = bytes.count
    let filled = filled
    total &+= UInt64(truncatingIfNeeded: left)
    if filled > 0 {
      let taken = min(left, Self.blockSize &- filled)
      unsafe keep(next, taken, after: filled)
      guard filled &+ taken == Self.blockSize else { return }
      unsafe withBlock { unsafe mix(UnsafeRawPointer($0), 1) }
      unsafe next += taken
      left &-= taken
    }
    let blockCount = left &>> 6
    unsafe mix(next, blockCount)
    unsafe keep(next + blockCount &* Self.blockSize, left & (Self.blockSize &- 1), after: 0)
  }

  /// Writes `first` at `filled`, which is below 64, and zeros after it up to `end`, at most 64.
  mutating func pad(from filled: Int, with first: UInt8, upTo end: Int) {
    unsafe withBlock { block in
      // SAFETY: the caller keeps both within a block.
      unsafe block.storeBytes(of: first, toByteOffset: filled, as: UInt8.self)
      var offset = filled &+ 1
      while offset < end {
        unsafe block.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
        offset &+= 1
      }
    }
  }

  /// Calls `body` with the address of the unfinished block, which has space for 64 bytes.
  @inline(__always)
  mutating func withBlock(_ body: (UnsafeMutableRawPointer) -> Void) {
    // SAFETY: `partial` is one block.
    unsafe withUnsafeMutableBytes(of: &partial) {
      if let block = $0.baseAddress { unsafe body(block) }
    }
  }

  /// Copies `count` bytes into the block, which has `filled` bytes and space for them.
  private mutating func keep(_ bytes: UnsafeRawPointer, _ count: Int, after filled: Int) {
    unsafe withBlock { unsafe $0.advanced(by: filled).copyMemory(from: bytes, byteCount: count) }
  }
}
