package import KexecABI

/// One way to load a kernel, and why it is taken.
package struct Route: Equatable, Sendable {
  /// The system call.
  package let call: LoadCall
  /// Why.
  package let reason: RouteReason

  /// The way by `call`, taken because of `reason`.
  package init(_ call: LoadCall, _ reason: RouteReason) {
    self.call = call
    self.reason = reason
  }
}

/// Why a system call was chosen.
package enum RouteReason: Equatable, Sendable {
  /// The user named it.
  case asked
  /// It is the default.
  case preferred
  /// It can load the kernel unpacked, so that the jump is faster.
  case jumpsFaster
  /// Only this call hands on the running kernel's list of measurements (IMA).
  case keepsMeasurements
  /// Only this call hands on what the running kernel keeps for the next one (KHO).
  case keepsHandover
  /// The running kernel wants signatures, which only this call checks.
  case policy
  /// The kernel refused kexec_load.
  case segmentsRefused
  /// Nothing could be planned for the call that would have come first.
  case otherNotPlanned
  /// The kernel refused the file call in a way that says nothing against the other.
  case fileCallRefused
  /// The file call takes no image of this type.
  case imageType
  /// These options mean nothing to the file call.
  case needed(by: [String])
  /// The file call enters kernels in 64-bit mode, where this one cannot leave 5-level page tables.
  case fiveLevelPaging
  /// The file call would believe a field of the kernel's header that cannot be right.
  case headerMended
  /// The file call takes less of a command line.
  case commandLineTooLongForFileCall
}
