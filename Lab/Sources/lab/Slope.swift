/// A quantity that grows evenly with the size of a computer: the line through two of its values.
struct Slope: Sendable {
  /// What it is without a size.
  let base: Double
  /// By how much it grows with one unit of the size.
  let growth: Double

  /// The line through the value `first` at the size `start`, and `last` at the larger size `end`.
  init(from start: Double, _ first: Double, to end: Double, _ last: Double) {
    growth = (last - first) / (end - start)
    base = first - growth * start
  }

  /// The value at `size`.
  func value(at size: Double) -> Double { base + growth * size }
}
