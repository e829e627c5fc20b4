/// Why a kernel would not get what the running one keeps for it.
package enum HandoverLoss: Equatable, Sendable {
  /// It can be loaded only by kexec_load, which hands nothing over.
  case segments(because: RouteReason)
  /// `kho=off` is on its command line.
  case switchedOff
  /// It was built without CONFIG_KEXEC_HANDOVER, according to this file.
  case notBuiltIn(configuration: String)
}
