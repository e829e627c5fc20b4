import Foundation
import LabKit

/// One figure of two programs, and what is promised of it.
struct Comparison: Sendable {
  /// What is promised.
  enum Rule: Sendable {
    /// Our median is at most this much of the other's.
    case ratio(atMost: Double)
    /// Our median is above the other's by at most this.
    case excess(atMost: Double)
    /// Our fastest run is not slower than the other's slowest. More cannot be determined on a computer that
    /// has other work.
    case notSlower
  }

  /// What came of it.
  enum Verdict: String, Sendable {
    case passed = "PASS"
    case failed = "FAIL"
    case goal = "GOAL"
  }

  private let name: String
  private let ours: [Double]
  private let other: [Double]
  private let rule: Rule
  private let obstacle: String?

  /// Compares the samples of one figure. With an `obstacle`, the reason why it cannot be reached here,
  /// the rule is a goal: shown, but not failed.
  init(_ name: String, ours: [Double], other: [Double], _ rule: Rule, obstacle: String? = nil) {
    self.name = name
    self.ours = ours
    self.other = other
    self.rule = rule
    self.obstacle = obstacle
  }

  /// What the rule is about; not a number when something was not measured.
  var figure: Double {
    guard ours.isMeasured, other.isMeasured else { return .nan }
    return switch rule {
    case .ratio, .notSlower: ours.median / other.median
    case .excess: ours.median - other.median
    }
  }

  /// Whether the promise is kept. What was not measured is a failure, of a goal too.
  var verdict: Verdict {
    guard figure.isFinite else { return .failed }
    guard obstacle == nil else { return .goal }
    return isKept ? .passed : .failed
  }

  private var isKept: Bool {
    switch rule {
    case .ratio(let limit), .excess(let limit): figure <= limit
    case .notSlower: ours.least <= other.most
    }
  }

  /// The comparison as a line of a table with six columns.
  var row: String {
    let limit =
      switch rule {
      case .ratio(let limit): String(format: "ratio at most %.2f", limit)
      case .excess(let limit): String(format: "above the other by at most %.2f", limit)
      case .notSlower: "least at most the other's most"
      }
    let end = verdict.rawValue + (obstacle.map { ": " + $0 } ?? "")
    let cells = [name, other.summary, ours.summary, String(format: "%.3f", figure), limit, end]
    return "| " + cells.joined(separator: " | ") + " |"
  }
}

extension [Comparison] {
  /// Whether there are some and none failed.
  var allKept: Bool { !isEmpty && allSatisfy { $0.verdict != .failed } }

  /// Prints them as a table.
  func report(ours: String, other: String) {
    say("| | \(other) | \(ours) | figure | promise | |")
    say("|---|---|---|---|---|---|")
    forEach { say($0.row) }
    let counts = [Comparison.Verdict.passed, .failed, .goal].map { verdict in
      count { $0.verdict == verdict }
    }
    say("\n\(counts[0]) passed, \(counts[1]) failed, \(counts[2]) goals")
  }
}

/// Samples of one quantity.
extension [Double] {
  /// Whether there are samples, and each is a number above 0.
  var isMeasured: Bool { !isEmpty && allSatisfy { $0.isFinite && $0 > 0 } }

  /// The middle one, or the mean of the middle two; not a number without samples.
  var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
  }

  /// The least; not a number without samples.
  var least: Double { self.min() ?? .nan }

  /// The most; not a number without samples.
  var most: Double { self.max() ?? .nan }

  /// The median, and least and most if there is more than one sample.
  var summary: String {
    let digits = median < 100 ? 2 : 0
    let texts = [median, least, most].map { String(format: "%.\(digits)f", $0) }
    return count > 1 ? "\(texts[0]) (\(texts[1])–\(texts[2]))" : texts[0]
  }
}
