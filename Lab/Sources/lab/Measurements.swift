import Foundation
import LabKit

/// The numbers that `lab bench` collects: samples of each quantity, of ours and of the peer.
struct Measurements: Sendable {
  private enum Quantity: String, CaseIterable {
    case loadWall = "load, wall time, ms"
    case loadCPU = "load, CPU time, ms"
    case loadMachine = "load, CPU time of the whole VM, ms"
    case peak = "load, peak memory, MiB"
    case firstLine = "jump to the next kernel's first line, s"
    case firstLineMachine = "jump to the first line, CPU time of the VM, s"
    case firstProcess = "jump to its first process, s"
    case firstProcessMachine = "jump to the first process, CPU time of the VM, s"
  }

  private var samples: [Quantity: [String: [Double]]] = [:]

  /// Adds what `measure` in the guest said: `wall MICROSECONDS cpu MICROSECONDS peak KIBIBYTES`.
  mutating func add(cost: Guest.Output, of name: String) throws {
    let words = cost.text.split(separator: " ")
    guard words.count == 6, let wall = Double(words[1]), let cpu = Double(words[3]),
      let peak = Double(words[5])
    else { throw Failure("measure said \(cost.text)") }
    add(wall / 1000, .loadWall, name)
    add(cpu / 1000, .loadCPU, name)
    add(peak / 1024, .peak, name)
    add(cost.elapsed.cpu.seconds * 1000, .loadMachine, name)
  }

  /// Adds when a kernel was seen again.
  mutating func add(_ arrival: Guest.Arrival, of name: String) {
    add(arrival.toFirstLine.wall.seconds, .firstLine, name)
    add(arrival.toFirstLine.cpu.seconds, .firstLineMachine, name)
    add(arrival.toInit.wall.seconds, .firstProcess, name)
    add(arrival.toInit.cpu.seconds, .firstProcessMachine, name)
  }

  /// Prints the table: median, then least and most; and where ours is worse, if anywhere.
  func report() {
    say("| | ours | peer | ours / peer |\n|---|---|---|---|")
    var worse: [String] = []
    for quantity in Quantity.allCases {
      let ours = samples[quantity]?["ours"] ?? []
      let peer = samples[quantity]?["peer"] ?? []
      let ratio = ours.median / peer.median
      if ratio > 1 { worse.append(quantity.rawValue) }
      say(
        "| \(quantity.rawValue) | \(ours.summary) | \(peer.summary)"
          + " | \(String(format: "%.2f", ratio)) |")
    }
    say(
      worse.isEmpty
        ? "\nours is nowhere worse" : "\nours is worse in: \(worse.joined(separator: "; "))")
  }

  private mutating func add(_ value: Double, _ quantity: Quantity, _ name: String) {
    samples[quantity, default: [:]][name, default: []].append(value)
  }
}

extension [Double] {
  fileprivate var median: Double {
    guard !isEmpty else { return .nan }
    let ordered = sorted()
    return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
  }

  fileprivate var summary: String {
    let digits = median < 100 ? 2 : 0
    let numbers = [median, self.min() ?? .nan, self.max() ?? .nan]
    let texts = numbers.map { String(format: "%.\(digits)f", $0) }
    return "\(texts[0]) (\(texts[1])–\(texts[2]))"
  }
}
