internal import Glibc

/// Pseudo-random numbers, determined by the seed.
package struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts with `seed`.
  package init(seed: UInt64) {
    state = seed
  }

  /// The seed for the tests called `name`. It is printed, and always the same, so that no test
  /// passes or fails by chance; KEXEC_TEST_SEED sets another one.
  package static func seed(of name: String) -> UInt64 {
    let given = unsafe getenv("KEXEC_TEST_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
    let seed = given ?? 1
    print("\(name): seed \(seed); KEXEC_TEST_SEED=N takes another")
    return seed
  }

  /// The next number.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// The next `count` bytes.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
