import Foundation
import LabKit

/// Measures on this computer what sorting the pages of a crashed kernel takes, beside makedumpfile.
struct DumpBench {
  /// The program under test.
  let ours: Tool
  /// Debian's newest makedumpfile, which must have been fetched.
  let makedumpfile: Tool
  /// How often each program runs; they take turns.
  let runs: Int
  private let measure: String
  private let scratch: String

  init(ours: Tool, runs: Int, workshop: Workshop) throws {
    self.ours = ours
    makedumpfile = try Tool(path: ".lab/makedumpfile/makedumpfile", workshop: workshop)
    self.runs = runs
    measure = workshop.tools + "/measure"
    scratch = workshop.scratch
  }

  /// The raw dumps that scenarios have left, by the size of the memory.
  private static let dumps = [
    ("1 GiB", ".lab/vmcores/6.1/vmcore"), ("4 GiB", ".lab/vmcores/6.1-with-4-GiB/vmcore"),
  ]

  /// Without pages of zeros, level 30 is classification only: no page but those of the memory map is
  /// read. Both programs also print how many pages are of which class.
  func compare() throws -> [Comparison] {
    try Self.dumps.map { name, path in
      guard FileManager.default.fileExists(atPath: path) else {
        throw Failure("there is no \(path): lab test --all --filter 'kexec dump reads' makes it")
      }
      var measurements = Measurements()
      for _ in 0..<runs {
        try measurements.add(
          cost: cost(makedumpfile, ["--dry-run", "-d", "30", path, scratch + "/dump"]),
          of: .makedumpfile)
        try measurements.add(
          cost: cost(ours, ["dump", "classes", "--level=30", path]), of: .ours)
      }
      say("Classes of \(name):\n")
      measurements.report()
      return measurements.compare(
        .loadCPU, .ours, .makedumpfile, in: "classes of \(name)", .ratio(atMost: 1.2))
    }
  }

  /// The line in which `measure` says what a command took.
  private func cost(_ tool: Tool, _ words: [String]) throws -> String {
    let (status, text) = try execute([measure] + tool.command + words)
    guard status == 0,
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("wall ") })
    else { throw Failure("\(tool.path) \(words) exited with \(status): \(text)") }
    return String(line)
  }
}
