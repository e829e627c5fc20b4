internal import ByteCoding
package import LinuxSystem

/// Possible causes of a refused system call, beside those in `KexecState`. They are read only after a
/// refusal.
package struct CallObstacles: Sendable {
  /// How the running kernel was built.
  package let configuration: RunningConfiguration
  /// Whether a filter decides which calls this process may make. Seccomp in `/proc/self/status`.
  package let isFiltered: Bool
  /// Whether IMA's policy demands that kernels are appraised, if root may read it.
  package let appraisesKernels: Bool
  /// Whether SELinux enforces its policy. `/sys/fs/selinux/enforce`.
  package let enforcesSELinux: Bool
  /// The security modules, by their names; nil when that cannot be read. `/sys/kernel/security/lsm`.
  package let securityModules: String?
  /// Whether the running kernel can hibernate, without which CONFIG_KEXEC_JUMP cannot be set.
  /// `/sys/power/disk`.
  package let canHibernate: Bool?

  /// Reads them on the machine in `files`.
  package init(in files: FileTree) {
    configuration = RunningConfiguration(in: files)
    let status = files.text("/proc/self/status") ?? ""
    isFiltered = status.lines(after: "Seccomp:\t").first.map { $0 != "0" } ?? false
    let policy = files.text("/sys/kernel/security/ima/policy") ?? ""
    appraisesKernels =
      !policy.lines(after: "appraise func=KEXEC_KERNEL_CHECK").isEmpty
      || KernelCommandLine(in: files).value(of: "ima_policy")?.holds("secure_boot") == true
    enforcesSELinux = files.text("/sys/fs/selinux/enforce") == "1"
    securityModules = files.text("/sys/kernel/security/lsm").flatMap { $0.isEmpty ? nil : $0 }
    canHibernate = files.exists("/sys/power") ? files.exists("/sys/power/disk") : nil
  }
}
