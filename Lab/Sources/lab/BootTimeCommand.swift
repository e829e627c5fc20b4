import Foundation
import LabKit

/// `lab boot-time`: measures the CPU time of one plain boot, the unit for the time of tests.
///
/// CPU and wall times differ between computers by a factor of three; the number of boots that a
/// test takes hardly differs.
struct BootTimeCommand {
  private let runs: Int

  init(_ arguments: inout Arguments) throws {
    runs = try arguments.number(of: "--runs") ?? 3
    try arguments.finish()
  }

  /// Boots Debian's 6.1 to its init, and prints the median of the CPU time in seconds.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    var times: [Double] = []
    for number in 1...runs {
      // No kexec program is needed, so busybox takes its place.
      let tool = try Tool(path: workshop.debian + "/bin/busybox", workshop: workshop)
      let lab = try Lab(name: "boot-time \(number)", tool: tool, workshop: workshop)
      let result = await Result { try await lab.boot(.debian6_1).bootTime }
      await lab.end()
      times.append(try result.get().seconds)
    }
    say(String(format: "%.3f", times.median))
    return true
  }
}
