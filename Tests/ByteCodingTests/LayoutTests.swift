import ByteCoding
import Testing

@Suite struct LayoutTests {
  private static let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88]

  @Test("Integers are loaded in little-endian order at any offset")
  func loadsAreLittleEndianAtAnyOffset() throws {
    let shared = SharedBytes(Self.bytes)
    #expect(try shared.span.load(UInt8.self, at: 7) == 0x88)
    #expect(try shared.span.load(UInt16.self, at: 1) == 0x0302)
    #expect(try shared.span.load(UInt32.self, at: 3) == 0x0706_0504)
    #expect(try shared.span.load(Int64.self, at: 0) == Int64(bitPattern: 0x8807_0605_0403_0201))
    #expect(try shared.span.load(Field<UInt16>(2), base: 4) == 0x8807)
  }

  @Test(
    "A load that reaches outside the bytes throws OutOfBounds",
    arguments: [-1, 5, 8, Int.max, Int.min])
  func loadsOutsideAreErrors(offset: Int) {
    let shared = SharedBytes(Self.bytes)
    #expect(throws: OutOfBounds(offset: offset, wanted: 4, available: 8)) {
      try shared.span.load(UInt32.self, at: offset)
    }
  }

  @Test("A base that overflows or a slice outside the bytes throws OutOfBounds")
  func overflowingBaseOrBadSliceThrows() {
    let shared = SharedBytes(Self.bytes)
    #expect(throws: OutOfBounds.self) { try shared.span.load(Field<UInt8>(1), base: .max) }
    #expect(throws: OutOfBounds.self) { try shared.slice(-1..<2) }
    #expect(throws: OutOfBounds.self) { try shared.slice(8..<9) }
  }

  @Test("Empty bytes have an empty slice and nothing to load")
  func emptyBytesHaveNothingToLoad() throws {
    let none = SharedBytes([])
    #expect(none.count == 0)
    #expect(none.array == [])
    #expect(try none.slice(0..<0).array == [])
    #expect(throws: OutOfBounds.self) { try none.span.load(UInt8.self, at: 0) }
  }

  @Test("Stored integers change only their own bytes and are loaded back")
  func storesAreLoadedBack() {
    var bytes = [UInt8](repeating: 0xEE, count: 12)
    bytes.store(UInt32(0x0403_0201), as: Field(2))
    bytes.store(UInt16(0xBBAA), as: Field(1), base: 8)
    bytes.store([0x77], at: 11)
    #expect(
      bytes == [0xEE, 0xEE, 0x01, 0x02, 0x03, 0x04, 0xEE, 0xEE, 0xEE, 0xAA, 0xBB, 0x77])
    #expect(bytes.loadField(Field<UInt32>(2)) == 0x0403_0201)
    #expect(Field<UInt64>(8).end == 16)
  }

  @Test("Integers are appended in little-endian order")
  func appendsLittleEndianIntegers() {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt16(0x0201))
    bytes.append(littleEndian: UInt64(3))
    bytes.append(littleEndian: Int8(-1))
    #expect(bytes == [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0xFF])
  }
}
