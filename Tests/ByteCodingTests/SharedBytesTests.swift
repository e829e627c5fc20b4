import ByteCoding
import Testing

@Suite struct SharedBytesTests {
  @Test("A slice checks its own bounds for loads and for further slices")
  func slicesCheckTheirBounds() throws {
    let bytes = SharedBytes([0x11, 0x22, 0x33, 0x44, 0x55])
    let middle = try bytes.slice(1..<4)
    #expect(middle.array == [0x22, 0x33, 0x44])
    #expect(try middle.span.load(UInt16.self, at: 1) == 0x4433)
    #expect(throws: OutOfBounds(offset: 2, wanted: 2, available: 3)) {
      try middle.span.load(UInt16.self, at: 2)
    }
    #expect(throws: OutOfBounds(offset: 2, wanted: 2, available: 3)) { try middle.slice(2..<4) }
  }
}
