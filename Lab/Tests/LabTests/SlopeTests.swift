import Testing

@testable import lab

@Suite struct SlopeTests {
  @Test("A line through two values has both of them, and goes on")
  func linesGoOn() {
    let slope = Slope(from: 1, 8, to: 4, 17)
    #expect(slope.base == 5 && slope.growth == 3)
    #expect([1, 4, 1024].map(slope.value) == [8, 17, 3077])
    #expect(Slope(from: 64, 36, to: 1024, 36).value(at: 24_576) == 36)
  }
}
