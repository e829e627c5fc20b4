internal import ByteCoding
internal import KexecABI
internal import KexecPlanning
internal import RunningSystem

// The sentences about kexec handover (KHO).

extension KexecHandover.PreservedState {
  var text: String {
    switch self {
    case .session(let name, let process, let id):
      "live update session \"\(String(printable: name.utf8))\" of \(String(printable: process.utf8)) (process \(id))"
    case .reservedMemory(let name): "memory \"\(String(printable: name.utf8))\" of reserve_mem="
    case .entry(let name): "\"\(String(printable: name.utf8))\" of the running kernel"
    }
  }
}

extension [KexecHandover.PreservedState] {
  /// The first entry, and how many more there are.
  var text: String {
    let names = prefix(3).map { $0.text }.joined(separator: ", ")
    return count > 3 ? "\(names) and \(count - 3) more" : names
  }
}

extension CommandError {
  init(_ code: ErrorCode, _ states: [KexecHandover.PreservedState], lostBy loss: HandoverLoss) {
    self.init(
      code, "\(loss.text) would lose the state that is kept for the next kernel: \(states.text)",
      advice: (loss.advice.map { "\($0); or " } ?? "") + "discard that state with --drop-handover")
  }
}

extension HandoverLoss {
  fileprivate var text: String {
    switch self {
    case .segments: "kexec_load"
    case .switchedOff: "kho=off on the command line"
    case .notBuiltIn(let configuration):
      "the new kernel, which is built without CONFIG_KEXEC_HANDOVER (\(configuration)),"
    }
  }

  fileprivate var advice: String? {
    switch self {
    case .segments(let reason): reason.adviceForFileCall
    case .switchedOff: "remove kho=off from the command line"
    case .notBuiltIn: nil
    }
  }
}

extension RouteReason {
  /// How to make kexec_file_load possible, so that kexec_load is not the only system call; nil if
  /// it cannot be done.
  fileprivate var adviceForFileCall: String? {
    switch self {
    case .asked: "omit -c: kexec_file_load hands it over"
    case .needed(let options):
      "omit \(options.joined(separator: ", ")): kexec_file_load hands it over"
    case .commandLineTooLongForFileCall:
      "shorten the command line, so that kexec_file_load accepts it"
    case .imageType: "use a kernel that kexec_file_load can load"
    case .fiveLevelPaging:
      "boot the running kernel with no5lvl, so that kexec_file_load can load it"
    default: nil
    }
  }
}
