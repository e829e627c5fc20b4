internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

// What the running kernel keeps for the next one (KHO) is checked again before the jump.

extension Command {
  /// Refuses to run a kernel that was loaded by kexec_load if the running kernel keeps state that
  /// the user did not give up at load time.
  func checkHandover(_ record: LoadRecord?) throws(CommandError) {
    guard !invocation.options.dropsHandover, record?.returns != true, record?.call != .file,
      let handover = handover(in: machineFiles, readsConfiguration: false)
    else { return }
    let states = handover.preserved.filter { record?.givenUp.contains($0.text) != true }
    guard !states.isEmpty else { return }
    guard record != nil else {
      warn(
        "kexec handover: this state is lost unless kexec_file_load loaded the kernel: \(states.text)"
      )
      return
    }
    throw CommandError(
      .handoverLost,
      "the jump would lose the state that is kept for the next kernel: \(states.text)",
      advice: "load the kernel again, or discard that state with -e --drop-handover")
  }
}

/// The kexec handover (KHO) of the machine in `files`: what it preserves for the next kernel.
func handover(in files: FileTree, readsConfiguration: Bool = true) -> KexecHandover? {
  KexecHandover(
    in: files, commandLine: KernelCommandLine(in: files), readsConfiguration: readsConfiguration)
}

extension KexecHandover {
  /// A line for `-S`, and one for each kind of state that is preserved.
  var lines: [String] {
    let kept = preserved.map { "  kept          \($0.text)" }
    let none = isAllSeen ? "no preserved state was seen" : "only root can see what is preserved"
    return ["kexec handover: active (\(evidence))\(preserved.isEmpty ? "; \(none)" : "")"] + kept
  }

  var json: JSON {
    .object([
      ("evidence", .string(evidence)), ("allSeen", .bool(isAllSeen)),
      ("preserved", .array(preserved.map { $0.json })),
      ("scratchSizes", .array(scratchSizes.map(JSON.number))),
    ])
  }
}

extension KexecHandover.PreservedState {
  fileprivate var json: JSON {
    let (kind, name, process, id): (String, String, String?, Int?) =
      switch self {
      case .session(let name, let process, let id): ("session", name, process, id)
      case .reservedMemory(let name): ("reservedMemory", name, nil, nil)
      case .entry(let name): ("entry", name, nil, nil)
      }
    return .object([
      ("kind", .string(kind)), ("name", .string(name)), ("process", .optional(process)),
      ("id", .optional(id.map(UInt64.init))),
    ])
  }
}

extension PlanNote {
  /// The texts of the state that this load loses.
  var givenUp: [String] {
    if case .handoverDropped(let states) = self { states.map { $0.text } } else { [] }
  }
}
