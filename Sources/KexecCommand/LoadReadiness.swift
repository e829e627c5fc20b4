internal import KexecPlanning
internal import RunningSystem

/// What a dry run finds on the machine: whether the load could follow.
struct LoadReadiness {
  /// What would stop the load.
  let refusal: CommandError?
  let state: KexecState
  /// What memory there was before anything was unpacked; nil when unknown.
  let memory: UInt64?
  /// The user whose rights the process has, by number; nil when unknown.
  let user: String?
  /// Whether it is a captured machine, where nobody knows who would load.
  let isOtherMachine: Bool

  /// The first line: whether the load could follow, or what stands in the way.
  func headline(of plan: LoadPlan, on terminal: Terminal) -> String {
    let what = plan.purpose == .crash ? " as crash kernel" : ""
    if let refusal {
      let start = "Not ready to load\(what):"
      return terminal.wrapped(
        "\(terminal.styled(start, .error)) \(refusal.message) (dry run)\n", indent: 2)
    }
    let text =
      isOtherMachine
      ? "Plan for another machine" : isKnown ? "Ready to load\(what)" : "Planned to load\(what)"
    return terminal.wrapped(
      terminal.styled(text, .heading) + " (dry run: nothing was touched)\n", indent: 2)
  }

  /// How the memory that `plan` takes compares with what there is. There is no plan for too little.
  func memory(of plan: LoadPlan) -> PlanFact {
    let need = "needs \(byteText(plan.memoryNeed))"
    guard let memory else { return PlanFact("memory", need, "unknown", .warning) }
    return PlanFact("memory", "\(need), \(byteText(memory)) available", "ok", .good)
  }

  /// Whether the machine allows the load, and what that depends on.
  func permission(for purpose: LoadOptions.Purpose) -> PlanFact {
    let user = isOtherMachine ? nil : user
    var facts = [user.map { $0 == "0" ? "root" : "user \($0)" } ?? "unknown user"]
    if !isOtherMachine {
      if !state.mayReboot { facts[0] += " without CAP_SYS_BOOT" }
      if state.isInUserNamespace { facts[0] += " in a container" }
    }
    facts.append("kexec_load_disabled=" + (state.loadDisabled.map { $0 ? "1" : "0" } ?? "unknown"))
    if let limit = purpose == .crash ? state.crashLoadLimit : state.loadLimit {
      facts.append("\(limit) more loads")
    }
    if let level = state.lockdown { facts.append("lockdown=\(level)") }
    let value = facts.joined(separator: ", ")
    if refusal != nil { return PlanFact("allowed", value, "no", .error) }
    return isKnown
      ? PlanFact("allowed", value, "ok", .good) : PlanFact("allowed", value, "unknown", .warning)
  }

  private var isKnown: Bool { !isOtherMachine && state.isTold && state.loadDisabled != nil }
}
