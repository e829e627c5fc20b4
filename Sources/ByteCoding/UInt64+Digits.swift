extension UInt64 {
  /// The number that `digits` are in base `radix`, 2 to 36; nil when there are no digits, when there is
  /// anything else, such as a sign, or when the number does not fit.
  package init?(digits: some StringProtocol, radix: Int) {
    var number: UInt64 = 0
    var count = 0
    for byte in digits.utf8 {
      let letter = byte | 0x20
      let digit: UInt8
      switch letter {
      case _ where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
        digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = letter - UInt8(ascii: "a") + 10
      default: return nil
      }
      guard digit < radix else { return nil }
      let (shifted, isTooLarge) = number.multipliedReportingOverflow(by: UInt64(radix))
      let (sum, isTooLargeNow) = shifted.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLargeNow else { return nil }
      number = sum
      count += 1
    }
    guard count > 0 else { return nil }
    self = number
  }
}
