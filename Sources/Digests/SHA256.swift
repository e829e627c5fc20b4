internal import CDigests

/// SHA-256, as in FIPS 180-4.
///
/// This source is compiled twice: for the host, where the digest of what is loaded is made, and as
/// Embedded Swift into the purgatory, where it is checked. So it allocates nothing, cannot trap and
/// needs no run-time library.
package struct SHA256: Sendable {
  /// A finished digest.
  package typealias Digest = InlineArray<32, UInt8>
  /// Bytes in a finished digest.
  package static let byteCount = 32
  typealias State = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

  /// How many bytes are mixed into the state at once.
  static let blockSize = 64

  /// The hash value after the last full block. FIPS 180-4, section 5.3.3.
  private var state: State = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )
  /// The first bytes of a block that is not full yet.
  private var partial = InlineArray<64, UInt8>(repeating: 0)
  /// How many bytes were given so far.
  private var total: UInt64 = 0
  /// Whether the processor's instructions do the work.
  private let usesInstructions: Bool

  /// Whether the processor has instructions for SHA-256.
  package static var hasInstructions: Bool { digests_has_sha256() }

  /// Starts the digest of no bytes.
  package init() {
    self.init(usingInstructions: Self.hasInstructions)
  }

  /// Starts the digest of no bytes, made with the processor's instructions or without.
  ///
  /// They must not be used unless `hasInstructions` says so, and SSE is enabled.
  package init(usingInstructions usesInstructions: Bool) {
    self.usesInstructions = usesInstructions
  }

  /// Appends `bytes` to what is digested.
  package mutating func update(_ bytes: RawSpan) {
    // SAFETY: the span keeps the bytes alive and unchanged during the call.
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// Appends `bytes` to what is digested.
  @unsafe package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var next = bytes.baseAddress else { return }
    var left = bytes.count
    let filled = Int(truncatingIfNeeded: total) & (Self.blockSize &- 1)
    total &+= UInt64(truncatingIfNeeded: left)
    if filled > 0 {
      let taken = min(left, Self.blockSize &- filled)
      unsafe keep(next, taken, after: filled)
      guard filled &+ taken == Self.blockSize else { return }
      compressPartial()
      unsafe next += taken
      left &-= taken
    }
    let blockCount = left &>> 6
    unsafe Self.mix(
      &state, next, blockCount: blockCount, usingInstructions: usesInstructions)
    unsafe keep(next + blockCount &* Self.blockSize, left & (Self.blockSize &- 1), after: 0)
  }

  /// Ends the message and returns its digest.
  package consuming func finish() -> Digest {
    let filled = Int(truncatingIfNeeded: total) & (Self.blockSize &- 1)
    let bitCount = total &<< 3
    pad(from: filled, with: 0x80)
    if filled >= Self.blockSize &- 8 {
      compressPartial()
      pad(from: 0, with: 0)
    }
    // SAFETY: the last eight bytes of a block of 64.
    unsafe withUnsafeMutableBytes(of: &partial) {
      unsafe $0.baseAddress?.storeBytes(
        of: bitCount.bigEndian, toByteOffset: Self.blockSize &- 8, as: UInt64.self)
    }
    compressPartial()
    let words: State = (
      state.0.bigEndian, state.1.bigEndian, state.2.bigEndian, state.3.bigEndian,
      state.4.bigEndian, state.5.bigEndian, state.6.bigEndian, state.7.bigEndian
    )
    // SAFETY: both are 32 bytes of plain data.
    return unsafe unsafeBitCast(words, to: Digest.self)
  }

  private mutating func compressPartial() {
    // SAFETY: `partial` is one block.
    unsafe withUnsafeBytes(of: partial) {
      guard let block = $0.baseAddress else { return }
      unsafe Self.mix(&state, block, blockCount: 1, usingInstructions: usesInstructions)
    }
  }

  /// Mixes `blockCount` blocks of 64 bytes, which need not be aligned, into the state.
  private static func mix(
    _ state: inout State, _ blocks: UnsafeRawPointer, blockCount: Int, usingInstructions: Bool
  ) {
    guard usingInstructions else {
      unsafe compress(&state, blocks, blockCount: blockCount)
      return
    }
    // SAFETY: the state is eight words, and the caller owns the blocks.
    unsafe withUnsafeMutableBytes(of: &state) {
      guard let words = unsafe $0.assumingMemoryBound(to: UInt32.self).baseAddress else { return }
      unsafe digests_sha256(words, blocks, blockCount)
    }
  }

  /// Copies `count` bytes into `partial`, which has `filled` bytes and room for them.
  private mutating func keep(_ bytes: UnsafeRawPointer, _ count: Int, after filled: Int) {
    // SAFETY: the callers keep `filled + count` within a block.
    unsafe withUnsafeMutableBytes(of: &partial) {
      unsafe ($0.baseAddress?.advanced(by: filled))?.copyMemory(from: bytes, byteCount: count)
    }
  }

  /// Ends `partial` with `first` at `filled` and zeros after it.
  private mutating func pad(from filled: Int, with first: UInt8) {
    // SAFETY: `filled` is below 64, the size of a block.
    unsafe withUnsafeMutableBytes(of: &partial) {
      guard let block = $0.baseAddress else { return }
      unsafe block.storeBytes(of: first, toByteOffset: filled, as: UInt8.self)
      var offset = filled &+ 1
      while offset < Self.blockSize {
        unsafe block.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
        offset &+= 1
      }
    }
  }
}
