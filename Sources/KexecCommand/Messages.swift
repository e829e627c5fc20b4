internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory

// Every sentence that is not an error: how plans, notes and amounts read. The sentences of errors
// are in Messages+Errors.swift.

/// An amount of bytes as people say it, such as "53.5 MiB".
func byteText(_ count: UInt64) -> String {
  let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  var scale = 0
  while scale + 1 < units.count, count >> (10 * UInt64(scale + 1)) > 0 { scale += 1 }
  let whole = count >> (10 * UInt64(scale))
  if scale == 0 { return whole == 1 ? "1 byte" : "\(whole) bytes" }
  let tenths = (count >> (10 * UInt64(scale - 1)) & 1023) * 10 / 1024
  return tenths == 0 ? "\(whole) \(units[scale])" : "\(whole).\(tenths) \(units[scale])"
}

/// A number as headers are written down, such as "0x1800000".
func hexText(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

extension LoadOptions.Purpose {
  /// What an image for this purpose is called.
  var imageName: String {
    self == .crash ? "crash kernel" : "kernel"
  }
}

extension PlannedSegment.Role {
  var text: String {
    switch self {
    case .kernel: "kernel"
    case .bootBlock: "boot parameters"
    case .realMode: "real-mode part"
    case .workspace: "next kernel's own memory"
    case .pageTables: "page tables"
    case .purgatory: "purgatory"
    case .initrd(0): "initrd"
    case .initrd(let index): "initrd \(index + 1)"
    case .coreHeader: "dump header"
    case .module(let index): "module \(index + 1)"
    }
  }
}

extension DigestKind {
  func text(over byteCount: UInt64) -> String {
    switch self {
    case .none: "none (--no-checks)"
    case .komihash:
      "komihash (64 bits) over \(byteText(byteCount)), right before the kernel is entered"
    case .sha256: "SHA-256 over \(byteText(byteCount)), right before the kernel is entered"
    }
  }
}

extension RouteReason {
  var text: String {
    switch self {
    case .asked: "as asked for"
    case .preferred: "the default"
    case .jumpsFaster: "because it makes the jump faster"
    case .keepsMeasurements: "because only it hands on the list of measurements (IMA)"
    case .keepsHandover: "because only it hands on what is kept for the next kernel (KHO)"
    case .policy: "because the running kernel wants signatures"
    case .otherNotPlanned: "because the other call is not possible"
    case .segmentsRefused: "because the kernel refused kexec_load"
    case .fileCallRefused: "because the kernel does not take the file by kexec_file_load"
    case .imageType: "because only it can load a file of this type"
    case .needed(let options):
      "because only it can do what \(options.joined(separator: ", ")) asks for"
    case .headerMended:
      "because kexec_file_load would believe a wrong field of the kernel's header"
    case .fiveLevelPaging:
      "because only it can enter the new kernel in 32-bit mode, to leave 5-level page tables"
    case .commandLineTooLongForFileCall:
      "because kexec_file_load takes no command line of this length"
    }
  }
}
