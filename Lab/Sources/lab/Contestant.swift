/// A program with options that takes part in `lab bench`.
enum Contestant: String, CaseIterable, Sendable {
  /// Ours as it comes.
  case ours
  /// Ours without a check before the jump.
  case oursUnchecked = "ours --no-checks"
  /// Ours doing just what kexec-tools does.
  case plain = "ours --no-fast --digest=sha256"
  /// Ours leaving all unpacking to the next kernel.
  case packed = "ours --no-fast"
  /// kexec-tools as it comes.
  case kexecTools = "kexec-tools"
  /// kexec-tools without a check before the jump.
  case kexecToolsUnchecked = "kexec-tools -i"
  /// Another build of ours.
  case other = "the other"

  /// Those that jump in turns.
  static let jumping: [Contestant] = [
    .ours, .oursUnchecked, .plain, .kexecTools, .kexecToolsUnchecked,
  ]
  /// Those whose loads are measured on this computer.
  static let native: [Contestant] = [.kexecTools, .ours, .plain, .packed]
  /// Two builds of ours.
  static let builds: [Contestant] = [.other, .ours]

  /// Whether it is the program under test, not the one beside it.
  var isOurs: Bool {
    switch self {
    case .ours, .oursUnchecked, .plain, .packed: true
    case .kexecTools, .kexecToolsUnchecked, .other: false
    }
  }

  /// Whether it has the options of ours.
  var hasDryRun: Bool { isOurs || self == .other }

  /// The options that make it what it is.
  var options: String {
    switch self {
    case .ours, .kexecTools, .other: ""
    case .oursUnchecked: "--no-checks"
    case .plain: "--no-fast --digest=sha256"
    case .packed: "--no-fast"
    case .kexecToolsUnchecked: "-i"
    }
  }
}
