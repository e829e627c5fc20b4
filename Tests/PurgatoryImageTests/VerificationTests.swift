import ByteCoding
import CPurgatoryTestSupport
import Digests
import TestSupport
import Testing

@testable import PurgatoryImage

/// The purgatory's digest check, run in this process on its own memory: no virtual machine is
/// needed.
///
/// The regions are buffers, so their "physical" addresses are addresses of this process.
@Suite(.enabled(if: runsOnX86, "the blob is x86_64 code")) struct VerificationTests {
  /// A digest that the purgatory can compute.
  enum Algorithm: CaseIterable {
    case komihash
    /// With the processor's SHA instructions if there are any.
    case sha256
    case plainSHA256
  }

  private enum Verdict: Int32 {
    case right = 0
    case wrong = 1
    case nonsense = 2
    case noPlace = -1
  }

  private let purgatory = Purgatory.x86_64

  static let sizes = [
    0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 4095,
    4096, 100_001,
  ]

  /// Sizes around the digests' blocks of 64 bytes, parts of blocks, their padding, and a page.
  @Test(
    "The purgatory accepts an unchanged region of any size and notices a flipped bit",
    arguments: Algorithm.allCases, sizes)
  func checksOneRegion(algorithm: Algorithm, size: Int) throws {
    let segments = Segments([size], algorithm)
    #expect(try verdict(segments) == .right)
    // An empty region has no bit that could be flipped.
    for index in [0, size / 2, size - 1] where size > 0 {
      segments.flipBit(ofByte: index, inRegion: 0)
      #expect(try verdict(segments) == .wrong, "byte \(index) was flipped")
      segments.flipBit(ofByte: index, inRegion: 0)
    }
    #expect(try verdict(segments) == .right)
  }

  static let lists: [[Int]] = [
    [],
    [0],
    [0, 0, 0],
    [64, 64],
    [1, 63, 64],
    [10, 0, 20, 0, 30],
    [63, 1, 65, 127],
    [100_000, 7, 4096, 0, 12_345],
    Array(repeating: 1, count: 16),
    Array(1...16),
    (0..<16).map { 61 + $0 },
    Array(repeating: 4096, count: 16),
  ]

  @Test(
    "The purgatory notices a flipped bit in each of several regions",
    arguments: Algorithm.allCases, lists)
  func checksSeveralRegions(algorithm: Algorithm, sizes: [Int]) throws {
    let segments = Segments(sizes, algorithm)
    #expect(try verdict(segments) == .right)
    for (index, size) in sizes.enumerated() where size > 0 {
      segments.flipBit(ofByte: size - 1, inRegion: index)
      #expect(try verdict(segments) == .wrong, "region \(index) was changed")
      segments.flipBit(ofByte: size - 1, inRegion: index)
    }
  }

  @Test(
    "The purgatory accepts unchanged regions at unaligned addresses",
    arguments: Algorithm.allCases)
  func acceptsUnalignedRegions(algorithm: Algorithm) throws {
    for shift in 1..<16 {
      let segments = Segments([1000], algorithm, shift: shift)
      #expect(try verdict(segments) == .right)
    }
  }

  /// Host and purgatory compute the same digest of any list of regions, and any flipped bit is
  /// found.
  @Test(
    "The purgatory agrees with the loader on random regions and notices a flipped bit",
    arguments: Algorithm.allCases)
  func checksRandomRegions(algorithm: Algorithm) throws {
    let longest = [70, 300, 20_000]
    var generator = SplitMix(seed: SplitMix.seed(of: "VerificationTests") &+ 2)
    for _ in 0..<100 {
      let sizes = (0..<Int.random(in: 1...16, using: &generator)).map { _ in
        Int.random(in: 0...longest[Int.random(in: 0..<3, using: &generator)], using: &generator)
      }
      let segments = Segments(
        sizes, algorithm, shift: Int.random(in: 0..<16, using: &generator))
      #expect(try verdict(segments) == .right, "\(sizes)")
      let region = Int.random(in: sizes.indices, using: &generator)
      guard sizes[region] > 0 else { continue }
      let byte = Int.random(in: 0..<sizes[region], using: &generator)
      segments.flipBit(ofByte: byte, inRegion: region)
      #expect(try verdict(segments) == .wrong, "byte \(byte) of region \(region) of \(sizes)")
    }
  }

  @Test("The purgatory compares every bit of a komihash", arguments: 0..<64)
  func everyBitOfKomihashCounts(index: Int) throws {
    let segments = Segments([100], .komihash)
    var parameters = segments.parameters
    let found: UInt64? = if case .komihash(let digest) = parameters.digest { digest } else { nil }
    parameters.digest = .komihash(try #require(found) ^ (1 << UInt64(index)))
    #expect(try verdict(parameters) == .wrong)
  }

  @Test("The purgatory compares every byte of a SHA-256 digest", arguments: 0..<32)
  func everyByteOfSHA256Counts(index: Int) throws {
    let segments = Segments([100], .sha256)
    var parameters = segments.parameters
    let found: [UInt8]? = if case .sha256(let digest) = parameters.digest { digest } else { nil }
    var digest = try #require(found)
    digest[index] ^= 0x80
    parameters.digest = .sha256(digest)
    #expect(try verdict(parameters) == .wrong)
  }

  @Test("The purgatory reads no region when there is no digest")
  func readsNothingWithoutDigest() throws {
    var parameters = PurgatoryParameters(entry: .long(address: 0, rsi: 0))
    parameters.regions = [.init(start: 0x10, byteCount: 0x1000)]  // not readable by anybody
    #expect(try verdict(parameters) == .right)
  }

  /// A page below 4 GiB, one range across 4 GiB, and one far above.
  @Test(
    "The purgatory checks regions at any address where it is loaded",
    arguments: Algorithm.allCases, [0x4000_0000, 0xffff_e000, 0x4000_0000_0000] as [UInt])
  func runsAtAnyAddress(algorithm: Algorithm, address: UInt) throws {
    let segments = Segments([100, 200], algorithm)
    #expect(try verdict(segments.parameters, at: address) == .right)
    segments.flipBit(ofByte: 1, inRegion: 1)
    #expect(try verdict(segments.parameters, at: address) == .wrong)
  }

  /// Any changed bit is found, except in the fields that the purgatory itself writes.
  @Test("The purgatory notices changed parameters except those that it writes itself")
  func noticesChangedParameters() throws {
    let segments = Segments([10], .komihash)
    let blob = try purgatory.encode(segments.parameters)
    let base = ParametersLayout.base
    let end = ParametersLayout.checksum.offset + 8
    for offset in 0..<end {
      var damaged = blob
      damaged[base + offset] ^= 1 << (offset % 8)
      #expect(call(damaged) == .nonsense, "byte \(offset)")
    }
    for field in [
      ParametersLayout.returnAddress, ParametersLayout.stackPointer, ParametersLayout.enteredAt,
      ParametersLayout.checkedAt,
    ] {
      var written = blob
      written.store(.max, as: field, base: base)
      withExtendedLifetime(segments) { #expect(call(written) == .right) }
    }
    #expect(call(purgatory.bytes) == .nonsense, "parameters not set")
  }

  /// The text is in a region that is checked: it is unchanged during the check and written
  /// afterwards.
  @Test(
    "The purgatory writes time stamps as text only after a successful check",
    arguments: Algorithm.allCases)
  func writesTimeStampsAfterCheck(algorithm: Algorithm) throws {
    let segments = Segments([100], algorithm)
    var parameters = segments.parameters
    parameters.timestampText = parameters.regions[0].start + 7
    let before = segments.bytes(ofRegion: 0)

    var blob = try purgatory.encode(parameters)
    blob.store(
      0x0123_4567_89ab_cdef, as: ParametersLayout.enteredAt, base: ParametersLayout.base)
    #expect(call(blob) == .right)
    let after = segments.bytes(ofRegion: 0)
    #expect(after[..<7] == before[..<7])
    #expect(after[40...] == before[40...])
    let text = String(decoding: after[7..<40], as: UTF8.self)
    #expect(text.hasPrefix("0123456789abcdef,"))
    let digits = text.dropFirst(17)
    #expect(digits.count == 16 && digits == digits.lowercased())
    #expect(try #require(UInt64(digits, radix: 16)) > 0)

    // A byte is changed, so the check fails, and no stamp may be written.
    segments.flipBit(ofByte: 7, inRegion: 0)
    #expect(call(blob) == .wrong)
    #expect(segments.bytes(ofRegion: 0)[8..<40] == after[8..<40])
  }

  @Test("The purgatory writes kexec_jump_back_entry= only when there is a return address")
  func writesReturnParameterIfSet() throws {
    let segments = Segments([100], .komihash)
    var parameters = segments.parameters
    parameters.jumpBackText = parameters.regions[0].start + 7
    let before = segments.bytes(ofRegion: 0)

    var blob = try purgatory.encode(parameters)
    #expect(call(blob) == .right)
    #expect(segments.bytes(ofRegion: 0) == before, "nobody wants to be returned to")

    blob.store(0xA1_10F2, as: ParametersLayout.returnAddress, base: ParametersLayout.base)
    #expect(call(blob) == .right)
    let after = segments.bytes(ofRegion: 0)
    let word = " kexec_jump_back_entry=0x0000000000a110f2"
    #expect(word.utf8.count == PurgatoryParameters.jumpBackTextSize)
    #expect(Array(after[7..<48]) == Array(word.utf8))
    #expect(after[..<7] == before[..<7] && after[48...] == before[48...])
  }

  private func verdict(_ segments: Segments) throws -> Verdict {
    try verdict(segments.parameters)
  }

  private func verdict(_ parameters: PurgatoryParameters, at address: UInt = 0) throws -> Verdict {
    call(try purgatory.encode(parameters), at: address)
  }

  private func call(_ blob: [UInt8], at address: UInt = 0) -> Verdict {
    // SAFETY: the blob is position-independent code that reads its parameters and their regions.
    let result = unsafe purgatory_call(
      blob, blob.count, purgatory.memorySize, purgatory.verifyOffset, address)
    return Verdict(rawValue: result) ?? .noPlace
  }
}

/// Buffers of this process that stand for the loaded segments.
@safe private final class Segments {
  private var buffers = unsafe [UnsafeMutableRawBufferPointer]()
  private let shift: Int
  /// The parameters with the digests of the unchanged segments.
  let parameters: PurgatoryParameters

  /// Makes one buffer of each size, `shift` bytes after an aligned address.
  init(
    _ sizes: [Int], _ algorithm: VerificationTests.Algorithm, shift: Int = 0
  ) {
    var komihash = Komihash()
    var sha256 = SHA256()
    var regions: [PurgatoryParameters.Region] = []
    for (index, size) in sizes.enumerated() {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 16, alignment: 16)
      for offset in buffer.indices {
        unsafe buffer[offset] = UInt8(truncatingIfNeeded: offset &* 7 &+ index &+ offset >> 8)
      }
      unsafe buffers.append(buffer)
      let region = unsafe UnsafeRawBufferPointer(rebasing: buffer[shift..<shift + size])
      unsafe komihash.update(region)
      unsafe sha256.update(region)
      regions.append(
        .init(start: UInt64(UInt(bitPattern: region.baseAddress)), byteCount: UInt64(size)))
    }
    self.shift = shift
    parameters = PurgatoryParameters(
      entry: .long(address: 0, rsi: 0),
      digest: algorithm == .komihash ? .init(finishing: komihash) : .init(finishing: sha256),
      regions: regions, usesInstructions: algorithm != .plainSHA256)
  }

  deinit {
    unsafe buffers.forEach { unsafe $0.deallocate() }
  }

  func flipBit(ofByte index: Int, inRegion region: Int) {
    unsafe buffers[region][shift + index] ^= 0x10
  }

  func bytes(ofRegion region: Int) -> [UInt8] {
    unsafe Array(buffers[region].dropFirst(shift).prefix(Int(parameters.regions[region].byteCount)))
  }
}

#if arch(x86_64)
  private let runsOnX86 = true
#else
  private let runsOnX86 = false
#endif
