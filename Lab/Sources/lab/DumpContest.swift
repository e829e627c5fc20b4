import Foundation
import LabKit

/// Our program beside makedumpfile on this computer, on the raw dumps that scenarios have left.
struct DumpContest {
  /// The program under test.
  let ours: Tool
  /// Debian's newest makedumpfile, which must have been fetched.
  let makedumpfile: Tool
  /// How often each program runs; they take turns.
  let runs: Int
  /// A directory for files.
  let scratch: String
  private let measure: String

  init(ours: Tool, runs: Int, workshop: Workshop) throws {
    self.ours = ours
    makedumpfile = try Tool(path: ".lab/makedumpfile/makedumpfile", workshop: workshop)
    self.runs = runs
    measure = workshop.tools + "/measure"
    scratch = workshop.scratch
  }

  /// Fails unless the dump is there.
  static func require(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure("there is no \(path): lab test --all --filter 'kexec dump reads' makes it")
    }
  }

  /// The line in which `measure` says what a command took.
  func cost(_ command: [String]) throws -> String {
    let (status, text) = try execute([measure] + command)
    guard status == 0,
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("wall ") })
    else { throw Failure("\(command) exited with \(status): \(text)") }
    return String(line)
  }
}
