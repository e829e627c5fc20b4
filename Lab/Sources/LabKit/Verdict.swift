/// The result of a scenario.
public struct Verdict: Sendable {
  /// How it ended.
  public enum Outcome: Sendable {
    /// Everything was as expected.
    case passed
    /// Something was not as expected.
    case failed(String)
    /// The program does not offer what the scenario tests.
    case skipped(String)
  }

  /// The scenario.
  public let scenario: Scenario
  /// How it ended.
  public let outcome: Outcome
  /// The wall time that it took.
  public let duration: Duration
  /// The CPU time that its machines took.
  public let cpu: Duration
  /// Its log.
  public let log: ScenarioLog

  /// The result of `scenario`.
  public init(
    scenario: Scenario, outcome: Outcome, duration: Duration, cpu: Duration, log: ScenarioLog
  ) {
    self.scenario = scenario
    self.outcome = outcome
    self.duration = duration
    self.cpu = cpu
    self.log = log
  }
}

extension Scenario {
  /// Runs the scenario with `tool` and judges it. Its machines are ended in any case. Random
  /// addresses of loads are drawn from `seed`.
  public func play(tool: Tool, workshop: Workshop, seed: Int) async throws -> Verdict {
    let lab = try Lab(name: name, tool: tool, workshop: workshop, seed: seed)
    let start = ContinuousClock.now
    let outcome = await outcome(in: lab)
    let cpu = await lab.end()
    if case .failed(let reason) = outcome { lab.log.write("failed", reason) }
    return Verdict(
      scenario: self, outcome: outcome, duration: ContinuousClock.now - start, cpu: cpu,
      log: lab.log)
  }

  private func outcome(in lab: Lab) async -> Verdict.Outcome {
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await story(lab) }
        group.addTask {
          try await Task.sleep(for: limit)
          throw Failure("not over within \(limit)")
        }
        defer { group.cancelAll() }
        try await group.next()
      }
      return .passed
    } catch let skip as Skip {
      return .skipped(skip.reason)
    } catch is MachineGone {
      return .failed("the machine reset or ended")
    } catch {
      return .failed("\(error)")
    }
  }
}
