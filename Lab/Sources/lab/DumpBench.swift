import Foundation
import LabKit

/// Measures on this computer what sorting the pages of a crashed kernel takes, beside makedumpfile.
struct DumpBench {
  let contest: DumpContest

  /// The raw dumps that scenarios have left, by the size of the memory.
  private static let dumps = [
    ("1 GiB", ".lab/vmcores/6.1/vmcore"), ("4 GiB", ".lab/vmcores/6.1-with-4-GiB/vmcore"),
  ]

  /// Without pages of zeros, level 30 is classification only: no page but those of the memory map is
  /// read. Both programs also print how many pages are of which class.
  func compare() throws -> [Comparison] {
    var found: [(bytes: Double, costs: Measurements)] = []
    let comparisons = try Self.dumps.map { name, path in
      try DumpContest.require(path)
      var measurements = Measurements()
      for _ in 0..<contest.runs {
        try measurements.add(
          cost: contest.cost(
            contest.makedumpfile.command
              + ["--dry-run", "-d", "30", path, contest.scratch + "/dump"]),
          of: .makedumpfile)
        try measurements.add(cost: contest.cost(command(path)), of: .ours)
      }
      say("Classes of \(name):\n")
      measurements.report()
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Double
      found.append((size ?? .nan, measurements))
      return measurements.compare(
        .loadCPU, .ours, .makedumpfile, in: "classes of \(name)", .ratio(atMost: 1.2))
    }
    try calculate(found[0], found[1])
    return comparisons
  }

  private func command(_ path: String) -> [String] {
    contest.ours.command + ["dump", "classes", "--level=30", path]
  }

  private static let gibibyte = 1_073_741_824.0
  /// In GiB.
  private static let large = [1024.0, 24_576]

  /// Prints what larger computers would take: the CPU time by the slope between the two dumps, the memory by that
  /// between two generated dumps, whose pages are almost all of one class.
  private func calculate(
    _ small: (bytes: Double, costs: Measurements), _ larger: (bytes: Double, costs: Measurements)
  ) throws {
    let times = [Contestant.makedumpfile, .ours].map { contestant in
      Slope(
        from: small.bytes / Self.gibibyte, small.costs[.loadCPU, contestant].median,
        to: larger.bytes / Self.gibibyte, larger.costs[.loadCPU, contestant].median)
    }
    let sizes = [64.0, 1024]
    var generated = Measurements()
    for size in sizes {
      let path = contest.scratch + "/generated"
      let (status, text) = try execute([
        "python3", "Tests/generated_dumps.py", path, "\(Int(size * Self.gibibyte))",
      ])
      guard status == 0 else { throw Failure("no dump of \(size) GiB was generated: \(text)") }
      try generated.add(cost: contest.cost(command(path)), of: .ours)
      try FileManager.default.removeItem(atPath: path)
    }
    let (peaks, cpu) = (generated[.peak, .ours], generated[.loadCPU, .ours])
    let memory = Slope(from: sizes[0], peaks[0], to: sizes[1], peaks[1])
    say(
      """
      Classes of larger computers, calculated and not measured: the CPU time by the slope between the dumps above, our \
      memory by that between generated dumps of 64 GiB and 1 TiB.

      | | makedumpfile, CPU s | ours, CPU s | ours, peak memory, MiB |
      |---|---|---|---|
      """)
    for size in Self.large {
      let cells = times.map { String(format: "%.1f", $0.value(at: size) / 1000) }
      say(
        "| \(Int(size / 1024)) TiB | \(cells.joined(separator: " | ")) | "
          + String(format: "%.1f |", memory.value(at: size)))
    }
    say(
      String(
        format: "\nMeasured: the generated dump of 1 TiB takes us %.1f CPU s and %.1f MiB.\n",
        cpu[1] / 1000, peaks[1]))
  }
}
