import LabKit

/// The samples that `lab bench` collects, of each quantity and each contestant.
struct Measurements: Sendable {
  /// What is measured. For a virtual machine, it is the CPU time of its process, which other work
  /// on this computer disturbs least: the guest's clocks continue while the guest waits.
  enum Quantity: String, CaseIterable, Sendable {
    case instructions = "instructions, millions"
    case loadWall = "wall time, ms"
    case loadCPU = "CPU time, ms"
    case loadMachine = "load, CPU time of the VM, ms"
    case peak = "peak memory, MiB"
    case fileSize = "size of the file, MiB"
    case segments = "memory of the segments, MiB"
    case firstLine = "jump to first line, s"
    case firstLineMachine = "jump, CPU time of the VM to the first line, s"
    case firstProcess = "jump to init, s"
    case firstProcessMachine = "jump, CPU time of the VM to init, s"
    case kernelStart = "first line to init, the kernel's own time, s"
  }

  private var samples: [Quantity: [Contestant: [Double]]] = [:]

  /// Adds the output of `measure`: a line `wall MICROSECONDS cpu MICROSECONDS peak KIBIBYTES`.
  mutating func add(cost text: String, of contestant: Contestant) throws {
    let words = text.split(separator: " ")
    guard words.count == 6, let wall = Double(words[1]), let cpu = Double(words[3]),
      let peak = Double(words[5])
    else { throw Failure("measure said \(text)") }
    add(wall / 1000, .loadWall, contestant)
    add(cpu / 1000, .loadCPU, contestant)
    add(peak / 1024, .peak, contestant)
  }

  /// Adds the time until the next kernel was seen.
  mutating func add(_ arrival: Guest.Arrival, of contestant: Contestant) {
    add(arrival.toFirstLine.wall.seconds, .firstLine, contestant)
    add(arrival.toFirstLine.cpu.seconds, .firstLineMachine, contestant)
    add(arrival.toInit.wall.seconds, .firstProcess, contestant)
    add(arrival.toInit.cpu.seconds, .firstProcessMachine, contestant)
    add(arrival.toInit.wall.seconds - arrival.toFirstLine.wall.seconds, .kernelStart, contestant)
  }

  /// Adds one sample.
  mutating func add(_ value: Double, _ quantity: Quantity, _ contestant: Contestant) {
    samples[quantity, default: [:]][contestant, default: []].append(value)
  }

  /// The samples of a contestant, in the order of measurement.
  subscript(quantity: Quantity, contestant: Contestant) -> [Double] {
    samples[quantity]?[contestant] ?? []
  }

  /// Compares a quantity of two contestants.
  func compare(
    _ quantity: Quantity, _ ours: Contestant, _ other: Contestant, in name: String,
    _ rule: Comparison.Rule, obstacle: String? = nil
  ) -> Comparison {
    Comparison(
      "\(name): \(quantity.rawValue)", ours: self[quantity, ours], other: self[quantity, other],
      rule, obstacle: obstacle)
  }

  /// Prints the table: the median of each contestant, then minimum and maximum.
  func report() {
    let contestants = Contestant.allCases.filter { !self[.peak, $0].isEmpty }
    say("| | " + contestants.map(\.rawValue).joined(separator: " | ") + " |")
    say("|---|" + contestants.map { _ in "---|" }.joined())
    for quantity in Quantity.allCases where samples[quantity] != nil {
      let cells = contestants.map {
        self[quantity, $0].isEmpty ? "" : self[quantity, $0].summary
      }
      say("| \(quantity.rawValue) | " + cells.joined(separator: " | ") + " |")
    }
    say("")
  }
}
