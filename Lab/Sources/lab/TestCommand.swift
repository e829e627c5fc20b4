import Foundation
import LabKit
import Scenarios

/// `lab test`: runs scenarios and counts their results.
struct TestCommand {
  private let tool: String?
  private let jobs: Int
  private let isList: Bool
  private let isMarkdown: Bool
  private let seed: Int
  /// The CPU time of one plain boot in seconds, from `lab boot-time`; nil if not given.
  private let bootTime: Double?
  /// The file that lists the scenarios that may be skipped; nil if all may be.
  private let allowedSkips: String?
  /// Whether no scenario may be skipped.
  private let forbidsSkips: Bool
  private let scenarios: [Scenario]

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool")
    jobs = try arguments.number(of: "--jobs") ?? 2
    isMarkdown = arguments.flag("--markdown")
    seed = try arguments.number(of: "--seed") ?? 1
    bootTime = try arguments.value(of: "--boot-time").map { text in
      guard let time = Double(text), time > 0 else {
        throw Failure("--boot-time needs seconds, not \(text)")
      }
      return time
    }
    allowedSkips = try arguments.value(of: "--allowed-skips")
    forbidsSkips = arguments.flag("--no-skips")
    let isList = arguments.flag("--list")
    let isCoreOnly = arguments.flag("--core")
    let isAll = arguments.flag("--all")
    let filter = try arguments.value(of: "--filter") ?? ""
    try arguments.finish()
    self.isList = isList
    scenarios = allScenarios.filter {
      (filter.isEmpty || $0.name.localizedCaseInsensitiveContains(filter))
        && ($0.isCore || !isCoreOnly) && (isAll || isList || !filter.isEmpty || !$0.isExtra)
    }
    guard !scenarios.isEmpty else { throw Failure("no scenario has \"\(filter)\" in its name") }
  }

  /// Runs the scenarios, at most `jobs` at a time, and returns whether none failed.
  func run() async throws -> Bool {
    if isList {
      for scenario in scenarios {
        let ring = scenario.isExtra ? "all " : scenario.isCore ? "core" : "    "
        say("\(ring)  \(scenario.name)")
      }
      return true
    }
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    let tool = try Tool(path: self.tool ?? ourTool, workshop: workshop)
    let mayBeSkipped = forbidsSkips ? SkipList() : try allowedSkips.map(SkipList.init(file:))
    if isMarkdown {
      say("| scenario | result |\n|---|---|")
    } else {
      say("random addresses: --seed \(seed)")
    }

    var verdicts: [Verdict] = []
    try await withThrowingTaskGroup(of: Verdict.self) { group in
      for (index, scenario) in scenarios.enumerated() {
        if index >= jobs, let verdict = try await group.next() {
          verdicts.append(verdict.judged(by: mayBeSkipped))
          report(verdicts[verdicts.count - 1])
        }
        group.addTask { try await scenario.play(tool: tool, workshop: workshop, seed: seed) }
      }
      for try await verdict in group {
        verdicts.append(verdict.judged(by: mayBeSkipped))
        report(verdicts[verdicts.count - 1])
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
    say(
      "\(verdict.word.padding(toLength: 7, withPad: " ", startingAt: 0)) \(cost(verdict))  \(name)")
    if case .failed(let reason) = verdict.outcome {
      say("        \(reason)")
      for line in verdict.log.tail(25) { say("        \(line)") }
      say("        everything: \(verdict.log.path)")
    }
  }

  /// The wall time, and the CPU time of the machines in boots or seconds.
  private func cost(_ verdict: Verdict) -> String {
    let cpu = bootTime.map { String(format: "%5.1f boots", verdict.cpu.seconds / $0) }
    return String(format: "%6.1f s ", verdict.duration.seconds)
      + (cpu ?? String(format: "%6.1f CPU-s", verdict.cpu.seconds))
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
    if verdicts.count > 10 {
      say("the ten dearest:")
      for verdict in verdicts.sorted(by: { $0.cpu > $1.cpu }).prefix(10) {
        say("  \(cost(verdict))  \(verdict.scenario.name)")
      }
    }
    say("\(verdicts.count - failed - skipped.count) passed, \(failed) failed")
    return failed == 0
  }
}

/// The scenarios that may be skipped: a file with a line `SCENARIO | REASON` for each, and comments
/// after #.
private struct SkipList {
  private var reasons: [String: String] = [:]

  /// An empty list.
  init() {}

  init(file: String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: "|", maxSplits: 1)
      guard parts.count == 2 else { throw Failure("\(file): no SCENARIO | REASON: \(line)") }
      reasons[parts[0].trimmingCharacters(in: .whitespaces)] =
        parts[1].trimmingCharacters(in: .whitespaces)
    }
  }

  /// Whether the scenario may be skipped for this reason.
  func allows(_ name: String, reason: String) -> Bool { reasons[name] == reason }
}

extension Verdict {
  fileprivate var word: String {
    switch outcome {
    case .passed: "passed"
    case .failed: "failed"
    case .skipped: "skipped"
    }
  }

  /// The same verdict, but failed if the scenario was skipped for a reason that is not on the list.
  fileprivate func judged(by list: SkipList?) -> Verdict {
    guard case .skipped(let reason) = outcome, let list,
      !list.allows(scenario.name, reason: reason)
    else { return self }
    return Verdict(
      scenario: scenario,
      outcome: .failed("skipped, and the list of allowed skips does not have it: \(reason)"),
      duration: duration, cpu: cpu, log: log)
  }
}

/// The path at which `script/build` makes our program.
let ourTool = ".build/kexec"
