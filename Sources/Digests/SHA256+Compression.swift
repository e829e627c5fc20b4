extension SHA256 {
  /// Mixes `blockCount` blocks of 64 bytes, which need not be aligned, into the state.
  ///
  /// All 64 rounds are written out, with the round constants as immediate operands and a message schedule
  /// that rolls through sixteen local variables: no loop, no table and no array, so there is no index to
  /// check and no relocation to make. The purgatory runs this for every segment of the next kernel, so the
  /// number of instructions per byte matters.
  ///
  /// FIPS 180-4, section 6.2.2.
  @inline(never)
  static func compress(
    _ state: inout State, _ blocks: UnsafeRawPointer, blockCount: Int
  ) {
    var block = unsafe blocks
    // SAFETY: the caller owns `blockCount` readable blocks, and `end` is where they end.
    let end = unsafe blocks + blockCount &* BlockBuffer.blockSize
    while unsafe block != end {
      unsafe compress(&state, block)
      unsafe block += BlockBuffer.blockSize
    }
  }

  @inline(__always)
  private static func compress(_ state: inout State, _ block: UnsafeRawPointer) {
    @inline(__always)
    func word(_ index: Int) -> UInt32 {
      // SAFETY: `block` has sixteen words, and `index` is a literal below sixteen.
      unsafe UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self))
    }
    var w0 = word(0)
    var w1 = word(1)
    var w2 = word(2)
    var w3 = word(3)
    var w4 = word(4)
    var w5 = word(5)
    var w6 = word(6)
    var w7 = word(7)
    var w8 = word(8)
    var w9 = word(9)
    var w10 = word(10)
    var w11 = word(11)
    var w12 = word(12)
    var w13 = word(13)
    var w14 = word(14)
    var w15 = word(15)
    var a = state.0
    var b = state.1
    var c = state.2
    var d = state.3
    var e = state.4
    var f = state.5
    var g = state.6
    var h = state.7
    var bc = b ^ c

    round(a, b, c, &d, e, f, g, &h, &bc, w0 &+ 0x428a_2f98)
    round(h, a, b, &c, d, e, f, &g, &bc, w1 &+ 0x7137_4491)
    round(g, h, a, &b, c, d, e, &f, &bc, w2 &+ 0xb5c0_fbcf)
    round(f, g, h, &a, b, c, d, &e, &bc, w3 &+ 0xe9b5_dba5)
    round(e, f, g, &h, a, b, c, &d, &bc, w4 &+ 0x3956_c25b)
    round(d, e, f, &g, h, a, b, &c, &bc, w5 &+ 0x59f1_11f1)
    round(c, d, e, &f, g, h, a, &b, &bc, w6 &+ 0x923f_82a4)
    round(b, c, d, &e, f, g, h, &a, &bc, w7 &+ 0xab1c_5ed5)
    round(a, b, c, &d, e, f, g, &h, &bc, w8 &+ 0xd807_aa98)
    round(h, a, b, &c, d, e, f, &g, &bc, w9 &+ 0x1283_5b01)
    round(g, h, a, &b, c, d, e, &f, &bc, w10 &+ 0x2431_85be)
    round(f, g, h, &a, b, c, d, &e, &bc, w11 &+ 0x550c_7dc3)
    round(e, f, g, &h, a, b, c, &d, &bc, w12 &+ 0x72be_5d74)
    round(d, e, f, &g, h, a, b, &c, &bc, w13 &+ 0x80de_b1fe)
    round(c, d, e, &f, g, h, a, &b, &bc, w14 &+ 0x9bdc_06a7)
    round(b, c, d, &e, f, g, h, &a, &bc, w15 &+ 0xc19b_f174)
    round(a, b, c, &d, e, f, g, &h, &bc, expand(&w0, w1, w9, w14) &+ 0xe49b_69c1)
    round(h, a, b, &c, d, e, f, &g, &bc, expand(&w1, w2, w10, w15) &+ 0xefbe_4786)
    round(g, h, a, &b, c, d, e, &f, &bc, expand(&w2, w3, w11, w0) &+ 0x0fc1_9dc6)
    round(f, g, h, &a, b, c, d, &e, &bc, expand(&w3, w4, w12, w1) &+ 0x240c_a1cc)
    round(e, f, g, &h, a, b, c, &d, &bc, expand(&w4, w5, w13, w2) &+ 0x2de9_2c6f)
    round(d, e, f, &g, h, a, b, &c, &bc, expand(&w5, w6, w14, w3) &+ 0x4a74_84aa)
    round(c, d, e, &f, g, h, a, &b, &bc, expand(&w6, w7, w15, w4) &+ 0x5cb0_a9dc)
    round(b, c, d, &e, f, g, h, &a, &bc, expand(&w7, w8, w0, w5) &+ 0x76f9_88da)
    round(a, b, c, &d, e, f, g, &h, &bc, expand(&w8, w9, w1, w6) &+ 0x983e_5152)
    round(h, a, b, &c, d, e, f, &g, &bc, expand(&w9, w10, w2, w7) &+ 0xa831_c66d)
    round(g, h, a, &b, c, d, e, &f, &bc, expand(&w10, w11, w3, w8) &+ 0xb003_27c8)
    round(f, g, h, &a, b, c, d, &e, &bc, expand(&w11, w12, w4, w9) &+ 0xbf59_7fc7)
    round(e, f, g, &h, a, b, c, &d, &bc, expand(&w12, w13, w5, w10) &+ 0xc6e0_0bf3)
    round(d, e, f, &g, h, a, b, &c, &bc, expand(&w13, w14, w6, w11) &+ 0xd5a7_9147)
    round(c, d, e, &f, g, h, a, &b, &bc, expand(&w14, w15, w7, w12) &+ 0x06ca_6351)
    round(b, c, d, &e, f, g, h, &a, &bc, expand(&w15, w0, w8, w13) &+ 0x1429_2967)
    round(a, b, c, &d, e, f, g, &h, &bc, expand(&w0, w1, w9, w14) &+ 0x27b7_0a85)
    round(h, a, b, &c, d, e, f, &g, &bc, expand(&w1, w2, w10, w15) &+ 0x2e1b_2138)
    round(g, h, a, &b, c, d, e, &f, &bc, expand(&w2, w3, w11, w0) &+ 0x4d2c_6dfc)
    round(f, g, h, &a, b, c, d, &e, &bc, expand(&w3, w4, w12, w1) &+ 0x5338_0d13)
    round(e, f, g, &h, a, b, c, &d, &bc, expand(&w4, w5, w13, w2) &+ 0x650a_7354)
    round(d, e, f, &g, h, a, b, &c, &bc, expand(&w5, w6, w14, w3) &+ 0x766a_0abb)
    round(c, d, e, &f, g, h, a, &b, &bc, expand(&w6, w7, w15, w4) &+ 0x81c2_c92e)
    round(b, c, d, &e, f, g, h, &a, &bc, expand(&w7, w8, w0, w5) &+ 0x9272_2c85)
    round(a, b, c, &d, e, f, g, &h, &bc, expand(&w8, w9, w1, w6) &+ 0xa2bf_e8a1)
    round(h, a, b, &c, d, e, f, &g, &bc, expand(&w9, w10, w2, w7) &+ 0xa81a_664b)
    round(g, h, a, &b, c, d, e, &f, &bc, expand(&w10, w11, w3, w8) &+ 0xc24b_8b70)
    round(f, g, h, &a, b, c, d, &e, &bc, expand(&w11, w12, w4, w9) &+ 0xc76c_51a3)
    round(e, f, g, &h, a, b, c, &d, &bc, expand(&w12, w13, w5, w10) &+ 0xd192_e819)
    round(d, e, f, &g, h, a, b, &c, &bc, expand(&w13, w14, w6, w11) &+ 0xd699_0624)
    round(c, d, e, &f, g, h, a, &b, &bc, expand(&w14, w15, w7, w12) &+ 0xf40e_3585)
    round(b, c, d, &e, f, g, h, &a, &bc, expand(&w15, w0, w8, w13) &+ 0x106a_a070)
    round(a, b, c, &d, e, f, g, &h, &bc, expand(&w0, w1, w9, w14) &+ 0x19a4_c116)
    round(h, a, b, &c, d, e, f, &g, &bc, expand(&w1, w2, w10, w15) &+ 0x1e37_6c08)
    round(g, h, a, &b, c, d, e, &f, &bc, expand(&w2, w3, w11, w0) &+ 0x2748_774c)
    round(f, g, h, &a, b, c, d, &e, &bc, expand(&w3, w4, w12, w1) &+ 0x34b0_bcb5)
    round(e, f, g, &h, a, b, c, &d, &bc, expand(&w4, w5, w13, w2) &+ 0x391c_0cb3)
    round(d, e, f, &g, h, a, b, &c, &bc, expand(&w5, w6, w14, w3) &+ 0x4ed8_aa4a)
    round(c, d, e, &f, g, h, a, &b, &bc, expand(&w6, w7, w15, w4) &+ 0x5b9c_ca4f)
    round(b, c, d, &e, f, g, h, &a, &bc, expand(&w7, w8, w0, w5) &+ 0x682e_6ff3)
    round(a, b, c, &d, e, f, g, &h, &bc, expand(&w8, w9, w1, w6) &+ 0x748f_82ee)
    round(h, a, b, &c, d, e, f, &g, &bc, expand(&w9, w10, w2, w7) &+ 0x78a5_636f)
    round(g, h, a, &b, c, d, e, &f, &bc, expand(&w10, w11, w3, w8) &+ 0x84c8_7814)
    round(f, g, h, &a, b, c, d, &e, &bc, expand(&w11, w12, w4, w9) &+ 0x8cc7_0208)
    round(e, f, g, &h, a, b, c, &d, &bc, expand(&w12, w13, w5, w10) &+ 0x90be_fffa)
    round(d, e, f, &g, h, a, b, &c, &bc, expand(&w13, w14, w6, w11) &+ 0xa450_6ceb)
    round(c, d, e, &f, g, h, a, &b, &bc, expand(&w14, w15, w7, w12) &+ 0xbef9_a3f7)
    round(b, c, d, &e, f, g, h, &a, &bc, expand(&w15, w0, w8, w13) &+ 0xc671_78f2)

    state.0 &+= a
    state.1 &+= b
    state.2 &+= c
    state.3 &+= d
    state.4 &+= e
    state.5 &+= f
    state.6 &+= g
    state.7 &+= h
  }
}

/// One round: `d` and `h` become the new `e` and `a`; the other variables change only their names.
///
/// `bc` is `b ^ c`, and becomes what the next round needs there: `a ^ b`.
@inline(__always)
private func round(
  _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
  _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32,
  _ bc: inout UInt32, _ scheduled: UInt32
) {
  // The two Σ functions are nested rotations: three rotations and two moves fewer than as printed.
  let sigma1 = rotate(rotate(rotate(e, 14) ^ e, 5) ^ e, 6)
  let choice = ((f ^ g) & e) ^ g
  let sigma0 = rotate(rotate(rotate(a, 9) ^ a, 11) ^ a, 2)
  let ab = a ^ b
  let majority = (ab & bc) ^ b
  bc = ab
  h = h &+ scheduled &+ sigma1 &+ choice
  d = d &+ h
  h = h &+ sigma0 &+ majority
}

/// The next word of the message schedule, in place of the word sixteen rounds earlier.
@inline(__always)
private func expand(_ w0: inout UInt32, _ w1: UInt32, _ w9: UInt32, _ w14: UInt32) -> UInt32 {
  let sigma0 = rotate(rotate(w1, 11) ^ w1, 7) ^ (w1 &>> 3)
  let sigma1 = rotate(rotate(w14, 2) ^ w14, 17) ^ (w14 &>> 10)
  w0 = w0 &+ sigma0 &+ w9 &+ sigma1
  return w0
}

/// `value` rotated to the right by `count` bits, 1 to 31.
@inline(__always)
private func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 {
  (value &>> count) | (value &<< (32 &- count))
}
