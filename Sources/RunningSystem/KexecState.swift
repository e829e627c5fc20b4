internal import ByteCoding
package import LinuxSystem

/// What the running kernel tells about kexec: what is loaded, and what forbids loading.
package struct KexecState: Equatable, Sendable {
  /// Whether there is /sys, without which nothing is known. `/sys/kernel`.
  package let isTold: Bool
  /// Whether a kernel is loaded; nil when the running kernel has no kexec.
  /// `/sys/kernel/kexec/loaded`.
  package let isLoaded: Bool?
  /// Whether a crash kernel is loaded; nil when the running kernel has no crash dump support.
  /// `/sys/kernel/kexec/crash_loaded`.
  package let isCrashLoaded: Bool?
  /// Bytes reserved for a crash kernel. `/sys/kernel/kexec/crash_size`.
  package let crashSize: UInt64?
  /// Whether loading is switched off until the next boot; nil when that is not known.
  /// `/proc/sys/kernel/kexec_load_disabled`.
  package let loadDisabled: Bool?
  /// Whether it is known that loading is switched off.
  package var isLoadDisabled: Bool { loadDisabled ?? false }
  /// How many more calls may load a kernel; nil when there is no limit.
  /// `/proc/sys/kernel/kexec_load_limit_reboot`.
  package let loadLimit: Int?
  /// How many more calls may load a crash kernel; nil when there is no limit.
  /// `/proc/sys/kernel/kexec_load_limit_panic`.
  package let crashLoadLimit: Int?
  /// The lockdown level, such as `integrity`; nil when there is none or it cannot be read.
  /// `/sys/kernel/security/lockdown`.
  package let lockdown: String?
  /// Whether this process may load and reboot: CAP_SYS_BOOT, bit 22 of CapEff.
  package let mayReboot: Bool
  /// Whether this process is in a container's user namespace, where CAP_SYS_BOOT does not count.
  package let isInUserNamespace: Bool

  /// Whether this process is in the first process namespace. In others the kernel refuses to reboot.
  package let isInFirstProcessNamespace: Bool

  /// Reads the state of the machine in `files`.
  package init(in files: FileTree) {
    isTold = files.names(in: "/sys/kernel")?.isEmpty == false
    isLoaded = KexecFile.loaded.value(files.number).map { $0 != 0 }
    isCrashLoaded = KexecFile.crashLoaded.value(files.number).map { $0 != 0 }
    crashSize = KexecFile.crashSize.value(files.number)
    loadDisabled = files.flag("/proc/sys/kernel/kexec_load_disabled")
    loadLimit = files.limit("/proc/sys/kernel/kexec_load_limit_reboot")
    crashLoadLimit = files.limit("/proc/sys/kernel/kexec_load_limit_panic")
    lockdown = Self.lockdownLevel(files.text("/sys/kernel/security/lockdown"))
    let status = files.text("/proc/self/status") ?? ""
    mayReboot = Self.effectiveCapabilities(status).map { ($0 & Self.mayRebootBit) != 0 } ?? true
    // The initial namespace maps all ids to themselves.
    let map = (files.text("/proc/self/uid_map") ?? "").split(whereSeparator: {
      $0.isASCIIWhitespace
    })
    // PROC_PID_INIT_INO, since 3.8.
    let namespace = files.linkTarget("/proc/self/ns/pid")
    isInFirstProcessNamespace = namespace == nil || namespace == "pid:[4026531836]"
    isInUserNamespace = !map.isEmpty && map != ["0", "0", "4294967295"]
  }

  /// The word in brackets of `none [integrity] confidentiality`; nil for `[none]`.
  private static func lockdownLevel(_ text: String?) -> String? {
    guard let text, let open = text.firstIndex(of: "["), let close = text.firstIndex(of: "]"),
      open < close
    else { return nil }
    let level = text[text.index(after: open)..<close]
    return level == "none" ? nil : String(level)
  }

  /// The bit of CAP_SYS_BOOT in a set of capabilities.
  private static let mayRebootBit: UInt64 = 1 << 22

  private static func effectiveCapabilities(_ status: String) -> UInt64? {
    for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
      return UInt64(digits: line.dropFirst(7).drop(while: { $0.isASCIIWhitespace }), radix: 16)
    }
    return nil
  }
}

/// A file about kexec in sysfs, by its name in /sys/kernel/kexec, where it is since 6.19.
/// Documentation/ABI/testing/sysfs-kernel-kexec-kdump.
enum KexecFile: String, CaseIterable {
  case loaded
  case crashLoaded = "crash_loaded"
  case crashSize = "crash_size"
  case crashHeaderSize = "crash_elfcorehdr_size"
  case crashContiguousRanges = "crash_cma_ranges"

  /// Its older name in /sys/kernel.
  var oldName: String {
    self == .crashHeaderSize ? rawValue : "kexec_" + rawValue
  }

  /// The result of `read` for the new name, or else for the old one; nil if both are nil.
  func value<Value>(_ read: (String) -> Value?) -> Value? {
    read("/sys/kernel/kexec/\(rawValue)") ?? read("/sys/kernel/\(oldName)")
  }
}

extension FileTree {
  /// Whether the number in the file is not 0; nil when it cannot be read.
  fileprivate func flag(_ path: String) -> Bool? {
    number(path).map { $0 != 0 }
  }

  /// The number in a file where -1 means that there is no limit.
  fileprivate func limit(_ path: String) -> Int? {
    text(path).flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
  }
}
