internal import ByteCoding
internal import LinuxSystem

/// The kind of Xen domain that the running kernel is, if that matters for kexec.
package enum XenDomain: Equatable, Sendable {
  /// The first domain, which manages the others. The machine belongs to the hypervisor.
  case first
  /// A guest whose page tables are the hypervisor's, so that its kernel cannot replace itself. PV.
  case paravirtual

  /// Reads the domain of the machine in `files`; nil without Xen, and for guests that look like an ordinary
  /// machine to their kernel (HVM, PVH).
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
    // xenfs may not be mounted, so this is looked at as well.
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

/// XENFEAT_dom0, in the features that the hypervisor offers.
private let dom0Feature: UInt64 = 1 << 11
