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

  /// The hash value after the last full block. FIPS 180-4, section 5.3.3.
  private var state: State = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )
  private var buffer = BlockBuffer()
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
    var state = state
    unsafe buffer.append(bytes) {
      unsafe Self.mix(&state, $0, blockCount: $1, usingInstructions: usesInstructions)
    }
    self.state = state
  }

  /// Ends the message and returns its digest.
  package consuming func finish() -> Digest {
    let filled = buffer.filled
    let lengthOffset = BlockBuffer.blockSize &- 8
    buffer.pad(from: filled, with: 0x80, upTo: BlockBuffer.blockSize)
    if filled >= lengthOffset {
      mixBlock()
      buffer.pad(from: 0, with: 0, upTo: BlockBuffer.blockSize)
    }
    let bitCount = (buffer.total &<< 3).bigEndian
    // SAFETY: the last eight bytes of a block.
    unsafe buffer.withBlock {
      unsafe $0.storeBytes(of: bitCount, toByteOffset: lengthOffset, as: UInt64.self)
    }
    mixBlock()
    let words: State = (
      state.0.bigEndian, state.1.bigEndian, state.2.bigEndian, state.3.bigEndian,
      state.4.bigEndian, state.5.bigEndian, state.6.bigEndian, state.7.bigEndian
    )
    // SAFETY: both are 32 bytes of plain data.
    return unsafe unsafeBitCast(words, to: Digest.self)
  }

  /// Mixes the block in the buffer into the state.
  private mutating func mixBlock() {
    var state = state
    unsafe buffer.withBlock {
      unsafe Self.mix(&state, $0, blockCount: 1, usingInstructions: usesInstructions)
    }
    self.state = state
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
}
