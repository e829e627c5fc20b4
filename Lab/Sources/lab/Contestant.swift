/// A program with options that `lab bench` measures.
enum Contestant: String, CaseIterable, Sendable {
  /// Our program without options.
  case ours
  /// Our program without checks before the jump.
  case oursUnchecked = "ours --no-checks"
  /// Our program, doing exactly what kexec-tools does.
  case plain = "ours --no-fast --digest=sha256"
  /// Our program, unpacking nothing: the next kernel unpacks itself and its initrd.
  case packed = "ours --no-fast"
  /// kexec-tools without options.
  case kexecTools = "kexec-tools"
  /// kexec-tools without checks before the jump.
  case kexecToolsUnchecked = "kexec-tools -i"
  /// Debian's newest makedumpfile.
  case makedumpfile
  /// The same with a thread for each processor.
  case makedumpfileThreads = "makedumpfile --num-threads"
  /// The same, and the medium has the file in the end.
  case makedumpfileSynced = "makedumpfile, sync"
  /// Our program, reading back from the medium what it has written.
  case oursVerified = "ours, verified"
  /// Another build of ours.
  case other = "the other"

  /// Those whose jumps are measured, in turns.
  static let jumping: [Contestant] = [
    .ours, .oursUnchecked, .plain, .kexecTools, .kexecToolsUnchecked,
  ]
  /// Those whose loads are measured on this computer.
  static let native: [Contestant] = [.kexecTools, .ours, .plain, .packed]
  /// Two builds of our program.
  static let builds: [Contestant] = [.other, .ours]

  /// Whether it is the program under test, not the one that it is compared with.
  var isOurs: Bool {
    switch self {
    case .ours, .oursUnchecked, .oursVerified, .plain, .packed: true
    case .kexecTools, .kexecToolsUnchecked, .other: false
    case .makedumpfile, .makedumpfileThreads, .makedumpfileSynced: false
    }
  }

  /// Whether it has our program's options.
  var hasDryRun: Bool { isOurs || self == .other }

  /// The options with which it is run.
  var options: String {
    switch self {
    case .ours, .oursVerified, .kexecTools, .other: ""
    case .makedumpfile, .makedumpfileThreads, .makedumpfileSynced: ""
    case .oursUnchecked: "--no-checks"
    case .plain: "--no-fast --digest=sha256"
    case .packed: "--no-fast"
    case .kexecToolsUnchecked: "-i"
    }
  }
}
