import Foundation

/// A ratio or a sum that must not be above a limit.
struct Target: Sendable {
  private let name: String
  private let value: Double
  private let limit: Double
  private let remark: String?

  /// Says what `value` is and how large it may be, and perhaps what else there is to know of it.
  init(_ name: String, _ value: Double, atMost limit: Double, remark: String? = nil) {
    self.name = name
    self.value = value
    self.limit = limit
    self.remark = remark
  }

  /// Whether the limit is kept; no number at all is a failure.
  var isReached: Bool { value <= limit }

  /// The verdict in one line.
  var text: String {
    let numbers =
      String(format: "%.2f (at most %.2f)", value, limit) + (remark.map { "; " + $0 } ?? "")
    return "\(isReached ? "PASS" : "FAIL")  \(name): \(numbers)"
  }
}

extension Measurements {
  /// What is promised of the jump with a plain initrd.
  func targets(peakLimit: Double) -> [Target] {
    var targets = [
      Target(
        "ours / peer, jump to first line", ratio(.firstLine, .ours, .peer), atMost: 0.22),
      Target(
        "ours / ours --no-checks, jump to first line", ratio(.firstLine, .ours, .oursUnchecked),
        atMost: 1.10),
      Target(
        "ours, peak memory less that of the segments, MiB", median(.peak, .ours) - peakLimit,
        atMost: 16),
    ]
    targets += Quantity.allCases.filter { $0 != .kernelStart }.map {
      Target("plain / peer, \($0.rawValue)", ratio($0, .plain, .peer), atMost: 1)
    }
    return targets
  }

  /// What is promised of the jump with a distribution's initrd.
  func initrdTarget(_ name: String) -> Target {
    // The start of the kernel itself is the same whoever loads it: no loader can be below that.
    let floor = median(.kernelStart, .ours) / median(.firstProcess, .peer)
    return Target(
      "ours / peer, jump to init, \(name)", ratio(.firstProcess, .ours, .peer), atMost: 0.5,
      remark: String(format: "with a jump in no time it would be %.2f", floor))
  }

  private func ratio(_ quantity: Quantity, _ ours: Contestant, _ other: Contestant) -> Double {
    median(quantity, ours) / median(quantity, other)
  }
}
