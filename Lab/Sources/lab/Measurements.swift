import Foundation
import LabKit

/// The numbers that `lab bench` collects: samples of each quantity, of each contestant.
struct Measurements: Sendable {
  /// What is measured.
  enum Quantity: String, CaseIterable, Sendable {
    case loadWall = "load, wall time, ms"
    case loadCPU = "load, CPU time, ms"
    case peak = "load, peak memory, MiB"
    case firstLine = "jump to first line, s"
    case firstLineMachine = "… CPU time of the VM, s"
    case firstProcess = "jump to init, s"
    case firstProcessMachine = "… CPU time of the VM to init, s"
    case kernelStart = "first line to init, the kernel's own time, s"
  }

  private var samples: [Quantity: [Contestant: [Double]]] = [:]

  /// Adds what `measure` in the guest said: `wall MICROSECONDS cpu MICROSECONDS peak KIBIBYTES`.
  mutating func add(cost: Guest.Output, of contestant: Contestant) throws {
    let words = cost.text.split(separator: " ")
    guard words.count == 6, let wall = Double(words[1]), let cpu = Double(words[3]),
      let peak = Double(words[5])
    else { throw Failure("measure said \(cost.text)") }
    add(wall / 1000, .loadWall, contestant)
    add(cpu / 1000, .loadCPU, contestant)
    add(peak / 1024, .peak, contestant)
  }

  /// Adds when a kernel was seen again.
  mutating func add(_ arrival: Guest.Arrival, of contestant: Contestant) {
    add(arrival.toFirstLine.wall.seconds, .firstLine, contestant)
    add(arrival.toFirstLine.cpu.seconds, .firstLineMachine, contestant)
    add(arrival.toInit.wall.seconds, .firstProcess, contestant)
    add(arrival.toInit.cpu.seconds, .firstProcessMachine, contestant)
    add(arrival.toInit.wall.seconds - arrival.toFirstLine.wall.seconds, .kernelStart, contestant)
  }

  /// The median of a contestant's samples; not a number when there are none.
  func median(_ quantity: Quantity, _ contestant: Contestant) -> Double {
    samples[quantity]?[contestant]?.median ?? .nan
  }

  /// Prints the table: for each contestant the median, then least and most.
  func report() {
    let contestants = Contestant.allCases.filter { samples[.loadWall]?[$0] != nil }
    say("| | " + contestants.map(\.rawValue).joined(separator: " | ") + " |")
    say("|---|" + contestants.map { _ in "---|" }.joined())
    for quantity in Quantity.allCases {
      let cells = contestants.map { samples[quantity]?[$0]?.summary ?? "" }
      say("| \(quantity.rawValue) | " + cells.joined(separator: " | ") + " |")
    }
    say("")
  }

  private mutating func add(_ value: Double, _ quantity: Quantity, _ contestant: Contestant) {
    samples[quantity, default: [:]][contestant, default: []].append(value)
  }
}

extension [Double] {
  /// The middle one, or the mean of the middle two.
  var median: Double {
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
