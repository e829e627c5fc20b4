internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory

// The sentences that are not errors: plans, notes and amounts. Messages+Errors.swift has the
// errors.

/// An amount of bytes with a unit, such as "53.5 MiB".
func byteText(_ count: UInt64) -> String {
  let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  var scale = 0
  while scale + 1 < units.count, count >> (10 * UInt64(scale + 1)) > 0 { scale += 1 }
  let whole = count >> (10 * UInt64(scale))
  if scale == 0 { return whole == 1 ? "1 byte" : "\(whole) bytes" }
  let tenths = (count >> (10 * UInt64(scale - 1)) & 1023) * 10 / 1024
  return tenths == 0 ? "\(whole) \(units[scale])" : "\(whole).\(tenths) \(units[scale])"
}

/// A number as in header files, such as "0x1800000".
func hexText(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

extension LoadOptions.Purpose {
  /// The name of an image for this purpose.
  var imageName: String {
    self == .crash ? "crash kernel" : "kernel"
  }
}

extension PlannedSegment.Role {
  var text: String {
    switch self {
    case .kernel: "kernel"
    case .bootBlock: "boot_params"
    case .realMode: "real-mode part"
    case .workspace: "memory of the next kernel"
    case .pageTables: "page tables"
    case .purgatory: "purgatory"
    case .initrd(0): "initrd"
    case .initrd(let index): "initrd \(index + 1)"
    case .coreHeader: "elfcorehdr"
    case .module(let index): "module \(index + 1)"
    }
  }
}

extension DigestKind {
  func text(over byteCount: UInt64) -> String {
    switch self {
    case .none: "none (--no-checks)"
    case .komihash:
      "komihash (64 bits) over \(byteText(byteCount)), immediately before the kernel is entered"
    case .sha256: "SHA-256 over \(byteText(byteCount)), immediately before the kernel is entered"
    }
  }
}

extension RouteReason {
  var text: String {
    switch self {
    case .asked: "as requested"
    case .preferred: "the default"
    case .jumpsFaster: "because it makes the jump faster"
    case .keepsMeasurements: "because only it hands over the IMA measurements"
    case .keepsHandover: "because only it hands over the state kept for the next kernel (KHO)"
    case .policy: "because the running kernel requires signatures"
    case .otherNotPlanned: "because the other system call is not possible"
    case .segmentsRefused: "because the running kernel refused kexec_load"
    case .fileCallRefused: "because kexec_file_load did not accept the file"
    case .imageType: "because only it can load a file of this type"
    case .needed(let options):
      "because only it supports \(options.joined(separator: ", "))"
    case .headerMended:
      "because kexec_file_load would use a wrong field of the kernel's header"
    case .fiveLevelPaging:
      "because only it can enter the new kernel in 32-bit mode, to leave 5-level page tables"
    case .commandLineTooLongForFileCall:
      "because the command line is too long for kexec_file_load"
    }
  }
}
