internal import KexecPlanning
internal import RunningSystem

/// What a dry run finds on the machine: whether the load could follow.
final class LoadReadiness {
  /// What would stop the load.
  private let refusal: CommandError?
  private let state: KexecState
  /// What memory there was before anything was unpacked; nil when unknown.
  private let memory: UInt64?
  /// The user whose rights the process has, by number; nil when unknown.
  private let user: String?
  /// Whether it is a captured machine, where nobody knows who would load.
  private let isOtherMachine: Bool

  init(
    refusal: CommandError?, state: KexecState, memory: UInt64?, user: String?, isOtherMachine: Bool
  ) {
    (self.refusal, self.state, self.memory) = (refusal, state, memory)
    (self.user, self.isOtherMachine) = (isOtherMachine ? nil : user, isOtherMachine)
  }

  /// Under lockdown only the load can tell whether the running kernel trusts the signature.
  private var isKnown: Bool {
    !isOtherMachine && state.isTold && state.loadDisabled != nil && state.lockdown == nil
  }

  /// Adds the first line: whether the load could follow, or what stands in the way.
  func addHeadline(to page: TextPage, isCrash: Bool) {
    let load = isCrash ? "load a crash kernel" : "load"
    if let refusal {
      page.addLine("Not ready to " + load + ":", refusal.message + " (dry run)", .error)
    } else {
      page.addLine(
        isOtherMachine
          ? "Plan for another machine" : (isKnown ? "Ready to " : "Planned to ") + load,
        "(dry run: nothing was touched)", .heading)
    }
  }

  /// Adds how the memory that `plan` takes compares with what there is, and whether the machine allows the
  /// load, with what that depends on. There is no plan for too little memory.
  func addFacts(of plan: LoadPlan, to page: TextPage) {
    let need = "needs " + byteText(plan.memoryNeed)
    if let memory {
      page.addRow("memory", need + ", " + byteText(memory) + " available", "ok", .good)
    } else {
      page.addRow("memory", need, "unknown", .warning)
    }
    var facts = user == "0" ? "root" : user.map { "user " + $0 } ?? "unknown user"
    if !isOtherMachine {
      if !state.mayReboot { facts += " without CAP_SYS_BOOT" }
      if state.isInUserNamespace { facts += " in a container" }
    }
    facts += ", kexec_load_disabled="
    facts += state.loadDisabled.map { $0 ? "1" : "0" } ?? "unknown"
    if let limit = plan.purpose == .crash ? state.crashLoadLimit : state.loadLimit {
      facts += ", \(limit) more loads"
    }
    if let level = state.lockdown { facts += ", lockdown=" + level }
    if refusal != nil {
      page.addRow("allowed", facts, "no", .error)
    } else if isKnown {
      page.addRow("allowed", facts, "ok", .good)
    } else {
      page.addRow("allowed", facts, "unknown", .warning)
    }
  }
}
