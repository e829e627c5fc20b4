/// A program with options that takes part in `lab bench`.
enum Contestant: String, CaseIterable, Sendable {
  /// Ours as it comes.
  case ours
  /// Ours without a check before the jump.
  case oursUnchecked = "ours --no-checks"
  /// Ours doing just what the peer does.
  case plain = "ours --no-fast --digest=sha256"
  /// kexec-tools as it comes.
  case peer
  /// kexec-tools without a check before the jump.
  case peerUnchecked = "peer -i"

  /// What it is called in the guest.
  var command: String {
    switch self {
    case .ours, .oursUnchecked, .plain: "kexec"
    case .peer, .peerUnchecked: "peer"
    }
  }

  /// The options that make it what it is.
  var options: String {
    switch self {
    case .ours, .peer: ""
    case .oursUnchecked: "--no-checks"
    case .plain: "--no-fast --digest=sha256"
    case .peerUnchecked: "-i"
    }
  }
}
