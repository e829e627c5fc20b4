import Testing

@testable import lab

/// The arithmetic of `lab bench`: what is not known to be good must fail.
@Suite struct ComparisonTests {
  @Test(
    "A ratio passes only if valid samples have medians within the limit",
    arguments: [
      ([1.0, 9, 2], [4.0], 0.5, Comparison.Verdict.passed, 0.5),  // the median is 2
      ([3], [4], 0.74, .failed, 0.75),
      ([1, 2], [1, 1], 1.5, .passed, 1.5),  // the mean of the middle two
      ([3], [0], 100, .failed, .nan),
      ([0], [3], 1, .failed, .nan),
      ([-1], [3], 1, .failed, .nan),
      ([], [3], 1, .failed, .nan),
      ([3], [], 1, .failed, .nan),
      ([], [], 1, .failed, .nan),
      ([1, .nan, 1], [3], 1, .failed, .nan),
      ([1], [.infinity], 1, .failed, .nan),
      ([1], [1], .nan, .failed, 1),
    ])
  func judgesRatioOfMedians(
    ours: [Double], other: [Double], limit: Double, verdict: Comparison.Verdict, figure: Double
  ) {
    let comparison = Comparison("x", ours: ours, other: other, .ratio(atMost: limit))
    #expect(comparison.verdict == verdict)
    #expect(comparison.figure == figure || (comparison.figure.isNaN && figure.isNaN))
  }

  @Test(
    "An excess passes only if both sides were measured and it is within the limit",
    arguments: [
      ([70.0], [57.0], Comparison.Verdict.passed), ([74], [57], .failed), ([], [57], .failed),
      ([74], [.nan], .failed),
    ])
  func judgesExcess(ours: [Double], other: [Double], verdict: Comparison.Verdict) {
    let comparison = Comparison("x", ours: ours, other: other, .excess(atMost: 16))
    #expect(comparison.verdict == verdict)
  }

  @Test(
    "The fastest run must not be slower than the slowest run of the other side",
    arguments: [
      ([5.0, 6, 7], [1.0, 2, 5], Comparison.Verdict.passed), ([6, 7], [1, 5], .failed),
      ([1], [5], .passed), ([1], [], .failed), ([.nan, 1], [5], .failed),
    ])
  func comparesFastestWithSlowest(ours: [Double], other: [Double], verdict: Comparison.Verdict) {
    #expect(Comparison("x", ours: ours, other: other, .notSlower).verdict == verdict)
  }

  @Test("A missed goal with an obstacle is shown as a goal only if it was measured")
  func goalMustBeMeasured() {
    let missed = Comparison("x", ours: [9], other: [1], .ratio(atMost: 1), obstacle: "no hardware")
    #expect(missed.verdict == .goal)
    #expect(
      missed.row == "| x | 1.00 | 9.00 | 9.000 | ratio at most 1.00 | GOAL: no hardware |")
    let unmeasured = Comparison("x", ours: [], other: [1], .ratio(atMost: 1), obstacle: "none")
    #expect(unmeasured.verdict == .failed)
  }

  @Test("Samples are summarised by their median and range")
  func summarisesSamples() {
    #expect([3.0, 1, 2].summary == "2.00 (1.00–3.00)")
    #expect([741.5].summary == "742")
    #expect([Double]().median.isNaN)
  }

  @Test("A benchmark passes only if it has comparisons and all of them pass")
  func needsEveryComparisonToPass() {
    let good = Comparison("x", ours: [1], other: [1], .ratio(atMost: 1))
    let bad = Comparison("x", ours: [], other: [1], .ratio(atMost: 1))
    #expect([good].allKept)
    #expect(![good, bad].allKept)
    #expect(![Comparison]().allKept)
  }

  @Test("The output of callgrind and measure is read, and malformed output is an error")
  func parsesMeasurementOutput() throws {
    #expect(try NativeBench.instructions(in: "x\n==12== Collected : 763889\n==12== ") == 763_889)
    #expect(throws: (any Error).self) { try NativeBench.instructions(in: "==12== Collected :") }
    #expect(throws: (any Error).self) { try NativeBench.instructions(in: "") }
    var measurements = Measurements()
    try measurements.add(cost: "wall 2000 cpu 1000 peak 2048", of: .ours)
    #expect(measurements[.loadWall, .ours] == [2])
    #expect(measurements[.loadCPU, .ours] == [1])
    #expect(measurements[.peak, .ours] == [2])
    #expect(throws: (any Error).self) { try measurements.add(cost: "wall 1 cpu", of: .ours) }
    #expect(measurements.compare(.peak, .ours, .other, in: "x", .notSlower).verdict == .failed)
  }
}
