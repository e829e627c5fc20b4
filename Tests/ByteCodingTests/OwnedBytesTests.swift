import ByteCoding
import Testing

@Suite struct OwnedBytesTests {
  @Test("Owned bytes load the integers that were stored in them")
  func loadsWhatItStores() throws {
    var bytes = try OwnedBytes(zeros: 16)
    try bytes.store(UInt32(0x1122_3344), at: 1)
    try bytes.store(UInt64(0x0102_0304_0506_0708), at: 8)
    #expect(try bytes.load(UInt8.self, at: 1) == 0x44)
    #expect(try bytes.load(UInt32.self, at: 1) == 0x1122_3344)
    #expect(try bytes.load(UInt64.self, at: 8) == 0x0102_0304_0506_0708)
    #expect(bytes.freeze().array == [0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1])
  }

  @Test(
    "A store or load outside owned bytes throws OutOfBounds and changes nothing",
    arguments: [-1, 5, 8, Int.max, Int.min])
  func accessOutsideThrows(at offset: Int) throws {
    var bytes = try OwnedBytes(zeros: 8)
    let expected = OutOfBounds(offset: offset, wanted: 4, available: 8)
    do throws(OutOfBounds) {
      try bytes.store(UInt32(1), at: offset)
      Issue.record("stored at \(offset)")
    } catch {
      #expect(error == expected)
    }
    do throws(OutOfBounds) {
      _ = try bytes.load(UInt32.self, at: offset)
      Issue.record("loaded at \(offset)")
    } catch {
      #expect(error == expected)
    }
    #expect(bytes.freeze().array == [UInt8](repeating: 0, count: 8))
  }

  @Test("Owned bytes may be empty and then have nothing to load")
  func ownedBytesMayBeEmpty() throws {
    let bytes = try OwnedBytes(zeros: 0)
    #expect(throws: OutOfBounds.self) { try bytes.span.load(UInt8.self, at: 0) }
    #expect(bytes.freeze().count == 0)
  }

  @Test("A growing buffer keeps its filled bytes and throws when memory runs out")
  func growingKeepsWhatWasFilled() throws {
    var buffer = try GrowableBytes(capacity: 3)
    unsafe buffer.unfilled.copyBytes(from: [1, 2, 3])
    unsafe buffer.fill(3)
    try buffer.reserve(64 << 20)
    #expect(buffer.capacity == 64 << 20)
    unsafe buffer.unfilled.copyBytes(from: [4])
    unsafe buffer.fill(1)
    do throws(OutOfMemory) {
      try buffer.reserve(.max)
      Issue.record("there cannot be so much memory")
    } catch {
      #expect(error == OutOfMemory(wanted: .max))
    }
    #expect(buffer.finish().freeze().array == [1, 2, 3, 4])
  }
}
