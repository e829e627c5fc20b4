import Foundation
import LabKit
import Scenarios

/// `lab test`: plays scenarios and counts what came of them.
struct TestCommand {
  private let tool: String?
  private let jobs: Int
  private let isList: Bool
  private let isMarkdown: Bool
  private let scenarios: [Scenario]

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool")
    jobs = try arguments.number(of: "--jobs") ?? 2
    isList = arguments.flag("--list")
    isMarkdown = arguments.flag("--markdown")
    let isCoreOnly = arguments.flag("--core")
    let filter = try arguments.value(of: "--filter") ?? ""
    try arguments.finish()
    scenarios = allScenarios.filter {
      (filter.isEmpty || $0.name.localizedCaseInsensitiveContains(filter))
        && ($0.isCore || !isCoreOnly)
    }
    guard !scenarios.isEmpty else { throw Failure("no scenario has \"\(filter)\" in its name") }
  }

  /// Plays them, at most `jobs` at a time, and says whether none failed.
  func run() async throws -> Bool {
    if isList {
      for scenario in scenarios { say("\(scenario.isCore ? "core" : "    ")  \(scenario.name)") }
      return true
    }
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    let tool = try Tool(path: self.tool ?? ourTool, workshop: workshop)
    if isMarkdown { say("| scenario | result |\n|---|---|") }

    var verdicts: [Verdict] = []
    try await withThrowingTaskGroup(of: Verdict.self) { group in
      for (index, scenario) in scenarios.enumerated() {
        if index >= jobs, let verdict = try await group.next() {
          verdicts.append(verdict)
          report(verdict)
        }
        group.addTask { try await scenario.play(tool: tool, workshop: workshop) }
      }
      for try await verdict in group {
        verdicts.append(verdict)
        report(verdict)
      }
    }
    return summarize(verdicts)
  }

  private func report(_ verdict: Verdict) {
    let name = verdict.scenario.name
    if isMarkdown {
      say("| \(name) | \(verdict.word) |")
      return
    }
    let time = String(format: "%6.1f s", verdict.duration.seconds)
    say("\(verdict.word.padding(toLength: 7, withPad: " ", startingAt: 0)) \(time)  \(name)")
    if case .failed(let reason) = verdict.outcome {
      say("        \(reason)")
      for line in verdict.log.tail(25) { say("        \(line)") }
      say("        everything: \(verdict.log.path)")
    }
  }

  private func summarize(_ verdicts: [Verdict]) -> Bool {
    let failed = verdicts.count { $0.word == "failed" }
    let skipped = verdicts.compactMap { verdict in
      if case .skipped(let reason) = verdict.outcome {
        (verdict.scenario.name, reason)
      } else {
        nil
      }
    }
    if isMarkdown { return failed == 0 }
    for (name, reason) in skipped { say("skipped \(name): \(reason)") }
    say("\(verdicts.count - failed - skipped.count) passed, \(failed) failed")
    return failed == 0
  }
}

extension Verdict {
  fileprivate var word: String {
    switch outcome {
    case .passed: "passed"
    case .failed: "failed"
    case .skipped: "skipped"
    }
  }
}

/// Where `script/build` leaves our program.
let ourTool = ".build/kexec"
