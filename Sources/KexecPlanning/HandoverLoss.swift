/// Why a kernel would not get what the running one keeps for it.
package enum HandoverLoss: Equatable, Sendable {
  /// It can be loaded only by kexec_load, which hands nothing on.
  case segments(because: RouteReason)
  /// `kho=off` is on its command line.
  case switchedOff
  /// It was built without CONFIG_KEXEC_HANDOVER, says this file.
  case notBuiltIn(configuration: String)
}
