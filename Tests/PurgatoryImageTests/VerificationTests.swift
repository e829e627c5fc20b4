import CPurgatoryTestSupport
import Digests
import PurgatoryImage
import Testing

/// The purgatory's own check, run in this process on memory of this process: no virtual machine.
///
/// The regions are buffers here, so their "physical" addresses are our addresses.
@Suite(.enabled(if: runsOnX86, "the blob is x86_64 code")) struct VerificationTests {
  private enum Verdict: Int32 {
    case right = 0
    case wrong = 1
    case nonsense = 2
    case noPlace = -1
  }

  private let purgatory = Purgatory.x86_64

  /// Sizes around the digest's block size of 64, its padding, and a page.
  @Test(arguments: [
    0, 1, 3, 8, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 4095, 4096, 100_001,
  ])
  func oneRegion(size: Int) throws {
    let segments = Segments([size])
    #expect(try verdict(segments) == .right)
    guard size > 0 else { return }
    for index in [0, size / 2, size - 1] {
      segments.flipBit(ofByte: index, inRegion: 0)
      #expect(try verdict(segments) == .wrong, "byte \(index) was flipped")
      segments.flipBit(ofByte: index, inRegion: 0)
    }
    #expect(try verdict(segments) == .right)
  }

  @Test(arguments: [
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
  ])
  func severalRegions(sizes: [Int]) throws {
    let segments = Segments(sizes)
    #expect(try verdict(segments) == .right)
    for (index, size) in sizes.enumerated() where size > 0 {
      segments.flipBit(ofByte: size - 1, inRegion: index)
      #expect(try verdict(segments) == .wrong, "region \(index) was changed")
      segments.flipBit(ofByte: size - 1, inRegion: index)
    }
  }

  @Test func unalignedRegions() throws {
    for shift in 1..<16 {
      let segments = Segments([1000], shift: shift)
      #expect(try verdict(segments) == .right)
    }
  }

  @Test(arguments: 0..<32)
  func everyByteOfTheDigestCounts(index: Int) throws {
    let segments = Segments([100])
    var parameters = segments.parameters
    guard case .sha256(var digest) = parameters.digest else { return }
    digest[index] ^= 0x80
    parameters.digest = .sha256(digest)
    #expect(try verdict(parameters) == .wrong)
  }

  @Test func withoutDigestNothingIsRead() throws {
    var parameters = PurgatoryParameters(entry: 0, bootParameters: 0)
    parameters.regions = [.init(start: 0x10, byteCount: 0x1000)]  // nobody may read there
    #expect(try verdict(parameters) == .right)
  }

  /// A page below 4 GiB, one across its end, and one far above it.
  @Test(arguments: [0x4000_0000, 0xffff_e000, 0x4000_0000_0000] as [UInt])
  func runsAtAnyAddress(address: UInt) throws {
    let segments = Segments([100, 200])
    #expect(try verdict(segments.parameters, at: address) == .right)
    segments.flipBit(ofByte: 1, inRegion: 1)
    #expect(try verdict(segments.parameters, at: address) == .wrong)
  }

  @Test func damagedParametersAreNoticed() throws {
    let blob = try purgatory.encode(Segments([10]).parameters)
    // The magic number, the version, the digest's kind and the number of regions: in purgatory_parameters.
    for offset in [0x00, 0x08, 0x40, 0x47] {
      var damaged = blob
      damaged[0x40 + offset] ^= 0x42
      #expect(call(damaged) == .nonsense, "byte \(offset)")
    }
    #expect(call(purgatory.bytes) == .nonsense, "parameters not set")
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

/// Buffers of this process that play the loaded segments.
@safe private final class Segments {
  private var buffers = unsafe [UnsafeMutableRawBufferPointer]()
  /// For the segments as they were made.
  let parameters: PurgatoryParameters

  /// One buffer of each size, `shift` bytes after an aligned address.
  init(_ sizes: [Int], shift: Int = 0) {
    var digest = SHA256()
    var regions: [PurgatoryParameters.Region] = []
    for (index, size) in sizes.enumerated() {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 16, alignment: 16)
      for offset in buffer.indices {
        unsafe buffer[offset] = UInt8(truncatingIfNeeded: offset &* 7 &+ index &+ offset >> 8)
      }
      unsafe buffers.append(buffer)
      let region = unsafe UnsafeRawBufferPointer(rebasing: buffer[shift..<shift + size])
      unsafe digest.update(region)
      regions.append(
        .init(start: UInt64(UInt(bitPattern: region.baseAddress)), byteCount: UInt64(size)))
    }
    parameters = PurgatoryParameters(
      entry: 0, bootParameters: 0, digest: .init(finishing: digest), regions: regions)
  }

  deinit {
    unsafe buffers.forEach { unsafe $0.deallocate() }
  }

  func flipBit(ofByte index: Int, inRegion region: Int) {
    unsafe buffers[region][index] ^= 0x10
  }
}

#if arch(x86_64)
  private let runsOnX86 = true
#else
  private let runsOnX86 = false
#endif
