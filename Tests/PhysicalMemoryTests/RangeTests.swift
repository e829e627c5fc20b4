import PhysicalMemory
import Testing

@Suite struct RangeTests {
  @Test(
    "A range made of inclusive ends has the right start and size",
    arguments: [
      (0x1000, 0x1FFF, 0x1000),
      (0, 0, 1),
      (0, .max, .max),  // the last byte cannot be in a half-open range
      (.max, .max, 0),
      (.max - 1, .max, 1),
    ] as [(UInt64, UInt64, UInt64)])
  func makesRangeOfInclusiveEnds(first: UInt64, last: UInt64, byteCount: UInt64) throws {
    let range = try #require(PhysicalRange(first: first, last: last))
    #expect(range.start.value == first)
    #expect(range.byteCount == byteCount)
  }

  @Test("A reversed range or one beyond the last address cannot be made")
  func refusesReversedOrTooLongRange() {
    #expect(PhysicalRange(first: 2, last: 1) == nil)
    #expect(PhysicalRange(start: PhysicalAddress(.max), byteCount: 1) == nil)
    #expect(PhysicalRange(start: PhysicalAddress(1), byteCount: .max) == nil)
    #expect(PhysicalRange(start: PhysicalAddress(.max), byteCount: 0)?.isEmpty == true)
  }

  @Test(
    "An address is aligned down and up to pages without overflow",
    arguments: [
      (0, 0, 0),
      (1, 0, 0x1000),
      (0xFFF, 0, 0x1000),
      (0x1000, 0x1000, 0x1000),
      (.max, 0xFFFF_FFFF_FFFF_F000, nil),
      (0xFFFF_FFFF_FFFF_F000, 0xFFFF_FFFF_FFFF_F000, 0xFFFF_FFFF_FFFF_F000),
    ] as [(UInt64, UInt64, UInt64?)])
  func alignsAddressesToPages(address: UInt64, down: UInt64, up: UInt64?) {
    let address = PhysicalAddress(address)
    #expect(address.alignedDown(to: 4096).value == down)
    #expect(address.alignedUp(to: 4096)?.value == up)
    #expect(address.isAligned(to: 4096) == (address.value == down))
  }

  @Test(
    "A range aligned inwards keeps only its whole pages",
    arguments: [
      (0...0x1FFF, 0...0x1FFF),
      (1...0x1FFF, 0x1000...0x1FFF),
      (1...0x1FFE, nil),
      (0x9FC00...0x9FFFF, nil),
      (0x10_0000...0x9FFE_AC3F, 0x10_0000...0x9FFE_9FFF),
      (.max - 1...(.max), nil),
    ] as [(ClosedRange<UInt64>, ClosedRange<UInt64>?)])
  func alignsRangesInwards(range: ClosedRange<UInt64>, wanted: ClosedRange<UInt64>?) throws {
    let aligned = physical(range).alignedInwards(to: 4096)
    #expect(aligned == wanted.map(physical))
  }

  @Test(
    "Two ranges intersect in the addresses that they share",
    arguments: [
      (10...19, 20...29, nil),
      (10...19, 19...29, 19...19),
      (10...19, 0...99, 10...19),
      (10...19, 12...13, 12...13),
      (10...19, 0...9, nil),
    ] as [(ClosedRange<UInt64>, ClosedRange<UInt64>, ClosedRange<UInt64>?)])
  func intersectsRanges(
    left: ClosedRange<UInt64>, right: ClosedRange<UInt64>, wanted: ClosedRange<UInt64>?
  ) {
    #expect(physical(left).intersection(physical(right)) == wanted.map(physical))
    #expect(physical(right).intersection(physical(left)) == wanted.map(physical))
    #expect(physical(left).overlaps(physical(right)) == (wanted != nil))
  }

  @Test("An empty range overlaps nothing and is contained in a range around it")
  func emptyRangesOverlapNothing() {
    let empty = PhysicalRange(start: PhysicalAddress(15), end: PhysicalAddress(15))
    #expect(!empty.overlaps(physical(10...19)))
    #expect(!physical(10...19).overlaps(empty))
    #expect(physical(10...19).contains(empty))
    #expect(empty.description == "0xf (empty)")
    #expect(physical(0x1000...0x9_FBFF).description == "0x1000-0x9fbff")
  }
}

/// The range with an inclusive end.
func physical(_ range: ClosedRange<UInt64>) -> PhysicalRange {
  PhysicalRange(
    start: PhysicalAddress(range.lowerBound),
    end: PhysicalAddress(range.upperBound &+ 1 == 0 ? .max : range.upperBound + 1))
}
