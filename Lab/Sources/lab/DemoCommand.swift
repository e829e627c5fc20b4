import Foundation
import LabKit

/// `lab demo`: one kernel starts another, shown in a few lines.
struct DemoCommand {
  private let tool: String?
  private let firmware: Firmware

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool")
    firmware = try arguments.choice(of: "--firmware") ?? .bios
    try arguments.finish()
  }

  /// Runs the demo, and returns whether it succeeded.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    let tool = try Tool(path: self.tool ?? ourTool, workshop: workshop)
    let lab = try Lab(name: "demo", tool: tool, workshop: workshop)
    let result = await Result { try await story(in: lab) }
    await lab.end()
    try result.get()
    tell("log", lab.story.path)
    return true
  }

  private func story(in lab: Lab) async throws {
    let load = "kexec -c -l /boot/6.12 --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"
    let guest = try await lab.boot(.debian6_1, firmware: firmware, carrying: [.debian6_12])
    tell("before", "Linux \(guest.release), started by \(firmware.name) in QEMU")

    let plan = try await guest.attempt(load + " --dry-run")
    if plan.status == 0 { printMemory(plan.text) }
    tell("load", load)
    let start = ContinuousClock.now
    try await guest.run(load)
    tell("", "took \((ContinuousClock.now - start).text)")

    tell("jump", "kexec -e")
    let next = try await guest.jump()
    tell("after", "Linux \(next.release), \(try await next.run("uptime").text.uptime)")
    if let arrival = next.arrival {
      tell(
        "away",
        "\(arrival.toFirstLine.wall.text) from the old kernel's last line to the new one's first,")
      tell("", "\(arrival.toInit.wall.text) to its first process, in a VM without hardware help")
    }
  }

  /// Prints the part of a plan that lists the segments.
  private func printMemory(_ plan: String) {
    let lines = plan.split(separator: "\n", omittingEmptySubsequences: true)
    let start = lines.firstIndex { $0.hasPrefix("  address") } ?? 0
    for (index, line) in lines[start...].enumerated() {
      tell(index == 0 ? "plan" : "", String(line))
    }
  }

  private func tell(_ subject: String, _ words: String) {
    say(subject.padding(toLength: 8, withPad: " ", startingAt: 0) + words)
  }
}

extension Duration {
  fileprivate var text: String { String(format: "%.1f s", seconds) }
}

extension String {
  /// The second half of ` 10:44:59 up 0 min,  0 users,  load average: …`.
  fileprivate var uptime: String {
    guard let up = firstRange(of: "up ")?.lowerBound else { return self }
    return String(self[up...].prefix { $0 != "," })
  }
}
