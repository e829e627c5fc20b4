internal import ByteCoding

extension [Range<UInt64>] {
  /// The same numbers in ascending and disjoint ranges: those that overlap or touch are one.
  func joined() -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    for range in sorted(by: { $0.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
