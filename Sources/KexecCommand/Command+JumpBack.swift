internal import ByteCoding
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Loads the helper that jumps back to the kernel from which this one was entered.
  func loadJumpBackHelper() throws(CommandError) -> ExitCode {
    try checkArchitecture()
    let machine = readMachine()
    if !invocation.isDryRun { try checkPermission(machine.kexec, purpose: .reboot) }
    let entry: PhysicalAddress
    if let given = invocation.jumpBackEntry {
      entry = given
    } else {
      entry = try toldEntry(machine)
    }
    var request = LoadRequest(
      kernel: .init(path: "the kernel at \(entry)", bytes: SharedBytes([]), origin: .generated),
      options: invocation.options)
    request.options.preservesContext = true
    let plan: LoadPlan
    do {
      plan = try planJumpBack(to: entry, request: request, on: machine)
    } catch {
      sayMapNotes(of: machine)
      throw CommandError(error, request: request, machine: machine, after: nil)
    }
    if invocation.isDryRun {
      try print(
        PlanReport(plan: plan), on: machine, memory: MemoryFacts(in: machineFiles).forALoad)
      return .success
    }
    guard case .segments(let load) = plan.action else { return .failure }
    let newLogLines = kernel.log.listen()
    do {
      try carryOut(load)
    } catch {
      throw refused(
        PlanReport(plan: plan),
        CommandError(
          error, refusedLoad(of: plan, nil, after: error), after: nil, kernelLog: newLogLines()))
    }
    recordLoad(plan, given: request, on: machine)
    try printLoaded(PlanReport(plan: plan))
    return .success
  }

  /// The entry point of the other kernel, which the purgatory put into our command line.
  private func toldEntry(_ machine: Machine) throws(CommandError) -> PhysicalAddress {
    guard let word = machine.commandLine.value(of: jumpBackWordName) else {
      throw CommandError(
        .nothingToReturnTo,
        "there is no kernel to return to: the running kernel's command line has no \(jumpBackWordName)",
        advice: "give its address with --entry")
    }
    guard let address = UInt64(cNumber: word), Invocation.jumpBackAddresses.contains(address) else {
      throw CommandError(.badReturnAddress, "\(jumpBackWordName)=\(word): not an address in memory")
    }
    return PhysicalAddress(address)
  }
}
