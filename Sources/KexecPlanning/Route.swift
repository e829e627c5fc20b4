package import KexecABI

/// A system call to load a kernel with, and why it is chosen.
package struct Route: Equatable, Sendable {
  /// The system call.
  package let call: LoadCall
  /// Why.
  package let reason: RouteReason

  /// The route by `call`, chosen because of `reason`.
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
  /// kexec_load can load the kernel unpacked, so that the jump is faster.
  case jumpsFaster
  /// Only kexec_file_load hands over the running kernel's list of measurements (IMA).
  case keepsMeasurements
  /// Only kexec_file_load hands over what the running kernel keeps for the next one (KHO).
  case keepsHandover
  /// The running kernel requires signatures, which only kexec_file_load checks.
  case policy
  /// The running kernel has refused kexec_load.
  case segmentsRefused
  /// Nothing could be planned for the call that would have come first.
  case otherNotPlanned
  /// The running kernel has refused kexec_file_load, for a reason that does not exclude kexec_load.
  case fileCallRefused
  /// kexec_file_load takes no image of this type.
  case imageType
  /// kexec_file_load cannot carry out these options.
  case needed(by: [String])
  /// kexec_file_load enters kernels in 64-bit mode, where this one cannot leave 5-level page tables.
  case fiveLevelPaging
  /// kexec_file_load would trust a field of the kernel's header that cannot be right.
  case headerMended
  /// kexec_file_load allows only a shorter command line.
  case commandLineTooLongForFileCall
}
