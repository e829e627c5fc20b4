import Foundation
import LabKit

/// A quantity of two programs, and what we promise about it.
struct Comparison: Sendable {
  /// A promise.
  enum Rule: Sendable {
    /// Our median is at most this multiple of the other's.
    case ratio(atMost: Double)
    /// Our median exceeds the other's by at most this.
    case excess(atMost: Double)
    /// Our fastest run is not slower than the other's slowest. More cannot be determined on a
    /// computer that is busy.
    case notSlower
  }

  /// Whether the promise was kept.
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

  /// Compares the samples of one quantity. With an `obstacle`, the reason why the promise cannot be
  /// kept here, the rule is a goal: it is shown, but cannot fail.
  init(_ name: String, ours: [Double], other: [Double], _ rule: Rule, obstacle: String? = nil) {
    self.name = name
    self.ours = ours
    self.other = other
    self.rule = rule
    self.obstacle = obstacle
  }

  /// The number to which the rule applies; NaN if something was not measured.
  var figure: Double {
    guard ours.isMeasured, other.isMeasured else { return .nan }
    return switch rule {
    case .ratio, .notSlower: ours.median / other.median
    case .excess: ours.median - other.median
    }
  }

  /// Whether the promise is kept. If something was not measured, even a goal fails.
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

  /// The comparison as a row of a table with six columns.
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
  /// Whether there is at least one comparison and none failed.
  var allKept: Bool { !isEmpty && allSatisfy { $0.verdict != .failed } }

  /// Prints the comparisons as a table.
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
  /// Whether there are samples, and all of them are finite and above 0.
  var isMeasured: Bool { !isEmpty && allSatisfy { $0.isFinite && $0 > 0 } }

  /// The middle one, or the mean of the middle two; NaN without samples.
  var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
  }

  /// The minimum; NaN without samples.
  var least: Double { self.min() ?? .nan }

  /// The maximum; NaN without samples.
  var most: Double { self.max() ?? .nan }

  /// The median; with more than one sample, minimum and maximum, too.
  var summary: String {
    let digits = median < 100 ? 2 : 0
    let texts = [median, least, most].map { String(format: "%.\(digits)f", $0) }
    return count > 1 ? "\(texts[0]) (\(texts[1])–\(texts[2]))" : texts[0]
  }
}
