internal import KexecABI
internal import RunningSystem

// What the running kernel keeps for the next one (KHO) is never dropped without consent.

extension LoadPlanner {
  /// What the load must hand over; nil when there is nothing, or when it may be dropped.
  ///
  /// Nothing is handed over to a crash kernel anyway, and a kernel that returns leaves everything as it was.
  private var promised: KexecHandover? {
    guard let handover = machine.handover, !handover.preserved.isEmpty,
      request.options.purpose == .reboot, !request.options.preservesContext,
      !request.options.dropsHandover
    else { return nil }
    return handover
  }

  /// The routes to try, best first: only kexec_file_load hands over what the running kernel keeps.
  package var routes: [Route] {
    let routes = ordinaryRoutes
    guard promised != nil else { return routes }
    return routes.filter { $0.call == .file }.prefix(1).map { route in
      [.asked, .policy].contains(route.reason) ? route : Route(.file, .keepsHandover)
    }
  }

  /// Refuses a load that would lose what is kept.
  ///
  /// - Throws: `PlanningError.handoverLost`.
  func checkHandover() throws(PlanningError) {
    guard let promised else { return }
    if let first = ordinaryRoutes.first, routes.isEmpty {
      throw .handoverLost(promised.preserved, .segments(because: first.reason))
    }
    if let configuration = request.kernelConfiguration, !configuration.takesHandover {
      throw .handoverLost(promised.preserved, .notBuiltIn(configuration: configuration.path))
    }
    if KernelCommandLine(commandLine).isOn("kho") == false {
      throw .handoverLost(promised.preserved, .switchedOff)
    }
  }

  /// The parameters that switch it on for the running kernel and that the next one lacks.
  private func missingWords(_ preserved: [KexecHandover.PreservedState]) -> [String] {
    let (running, next) = (machine.commandLine, KernelCommandLine(commandLine))
    let hasSession = preserved.contains { if case .session = $0 { true } else { false } }
    var names = hasSession ? ["liveupdate"] : []
    if request.kernelConfiguration?.takesHandoverByDefault != true { names.insert("kho", at: 0) }
    return names.filter { running.isOn($0) == true && next.isOn($0) != true }.map { "\($0)=on" }
  }

  /// The notes on what `call` does with what is kept.
  func handoverNotes(by call: LoadCall) -> [PlanNote] {
    guard let handover = machine.handover, request.options.purpose == .reboot,
      !request.options.preservesContext
    else { return [] }
    if handover.preserved.isEmpty { return [.handoverActive(evidence: handover.evidence, call)] }
    guard call == .file else { return [.handoverDropped(handover.preserved)] }
    let words = missingWords(handover.preserved)
    return [.handedOver(handover.preserved)] + (words.isEmpty ? [] : [.handoverNeedsWords(words)])
  }
}
