internal import ByteCoding
internal import LinuxSystem

/// What the running kernel is to the Xen hypervisor, where that matters for kexec.
package enum XenDomain: Equatable, Sendable {
  /// The first domain, which manages the others: the hypervisor below it owns the machine.
  case first
  /// A guest whose page tables are the hypervisor's, so that its kernel cannot replace itself. PV.
  case paravirtual

  /// Reads the domain of the machine in `files`; nil without Xen, and for guests that are to their
  /// kernel a machine like any other (HVM, PVH).
  ///
  /// Documented in Documentation/ABI/stable/sysfs-hypervisor-xen; `control_d` is what xenfs shows to
  /// the first domain.
  init?(in files: FileTree) {
    let capabilities = files.text("/proc/xen/capabilities") ?? ""
    if capabilities.split(whereSeparator: { $0.isASCIIWhitespace }).contains("control_d") {
      self = .first
      return
    }
    guard files.text("/sys/hypervisor/type") == "xen" else { return nil }
    // xenfs may not be mounted.
    let features = files.bareHexadecimal("/sys/hypervisor/properties/features")
    if let features, (features & dom0Feature) != 0 {
      self = .first
    } else if files.text("/sys/hypervisor/guest_type") == "PV" {
      self = .paravirtual
    } else {
      return nil
    }
  }
}

/// XENFEAT_dom0, of what the hypervisor offers.
private let dom0Feature: UInt64 = 1 << 11
