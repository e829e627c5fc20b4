import ByteCoding
import Testing

@testable import KexecPlanning

@Suite struct KernelLayoutTests {
  /// The number of bytes, the offset of the last byte that is not zero, and how many bytes must be
  /// kept.
  @Test(
    "Zeros at the end of a segment are cut off from the next page boundary on",
    arguments: [
      (4096, 0, 4096), (4097, 4096, 4097), (4103, 4096, 4103), (4104, 4100, 4104),
      (12288, 10, 4096), (12289, 10, 4096), (12295, 4096, 8192), (12288, 8191, 8192),
      (12288, 12287, 12288), (5, 4, 5),
    ])
  func cutsZerosFromPageBoundary(count: Int, last: Int, kept: Int) throws {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes[last] = 1
    #expect(try SharedBytes(bytes).withoutZeroTail().array == Array(bytes[..<kept]))
  }
}
