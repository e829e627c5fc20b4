import LabKit

/// For a guest with systemd: it does not start what it does not need, and says little. Its boot
/// takes half the time.
let littleOfSystemd =
  "quiet systemd.show_status=no "
  + [
    "systemd-udevd", "systemd-udev-trigger", "systemd-journal-flush", "systemd-tmpfiles-setup-dev",
    "systemd-random-seed", "systemd-sysusers", "systemd-logind", "systemd-update-utmp",
    "systemd-pcrphase", "kdump-tools",
  ].map { "systemd.mask=\($0).service" }.joined(separator: " ")

/// The package's units: a reboot is a jump into the kernel that /etc/default/kexec names, which is
/// loaded only then, and a coldreboot goes through the firmware.
///
/// The init script kexec-load of kexec-tools, which reads the same file, is enabled, too.
let rebootByKexec = Scenario(
  "systemd: reboot is a kexec by the package's units, and coldreboot is not"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debian, commandLine: littleOfSystemd, carrying: [.debian6_1],
    files: try lab.packages())
  try await guest.installPackage()
  try await guest.enableUnits()
  let next = try await guest.jump("systemctl reboot", returns: true)
  try next.mustBe(.debian6_1)
  try next.mustHaveLogged("kexec: loaded /boot/6.1")
  try await next.run("grep -w \(loadedByUnit) /proc/cmdline")
  try await next.mustHaveLoaded(false)
  try await next.reset(by: "coldreboot")
  try next.mustHaveLogged("\(throughFirmware): coldreboot was called (/no-kexec-reboot)")
}

/// Newer systemd makes a kexec of a reboot if a kernel is loaded: none may be before the shutdown.
let rebootByKexecInSid = Scenario(
  "systemd of sid: reboot is a kexec if the units are enabled, if not it is not"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .sid, carrying: [.debian6_1], files: try lab.packages(), mayReset: true)
  try await guest.run("dpkg -i /opt/kexec-swift.deb")
  // Only the loading one: a kernel is loaded for a kexec that somebody asks for, and not for a reboot.
  try await guest.enableUnits()
  try await guest.run("systemctl disable kexec-swift-reboot; systemctl enable kexec-swift-load")
  let cold = try await guest.jump("systemctl reboot", returns: true)
  try await cold.run("! grep -w \(loadedByUnit) /proc/cmdline")

  // A load that fails: the reason is said, and the system reboots.
  try await cold.run("systemctl enable kexec-swift-reboot")
  try await cold.run("sed -i 's,^INITRD.*,INITRD=/nothing,' /etc/default/kexec")
  let failed = try await cold.jump("reboot", returns: true)
  try failed.mustHaveLogged(
    "kexec: the kernel was not loaded: kexec -l /boot/6.1 --initrd=/nothing")
  try failed.mustHaveLogged("\(throughFirmware): no kernel is loaded")
  try await failed.run("! grep -w \(loadedByUnit) /proc/cmdline")

  try await failed.run("sed -i 's,^INITRD.*,INITRD=/boot/initrd,' /etc/default/kexec")
  let next = try await failed.jump("systemctl reboot", returns: true)
  try await next.run("grep -w \(loadedByUnit) /proc/cmdline")
  // There is no kexec-tools, but its flag is obeyed, and forgotten at the next boot.
  try await next.run("touch /no-kexec-reboot")
  let last = try await next.jump("systemctl reboot", returns: true)
  try await last.run("! grep -w \(loadedByUnit) /proc/cmdline")
  try await last.run("! test -e /no-kexec-reboot")
}

private let loadedByUnit = "lab.caller=kexec-load"
private let throughFirmware = "kexec: this reboot goes through the firmware"

extension Guest {
  /// Enables the package's units.
  fileprivate func enableUnits() async throws {
    try await run(configureKexecLoad)
    try await run(
      "systemd-analyze verify --man=no kexec-swift-load.service kexec-swift-reboot.service")
    try await run("! systemctl is-enabled kexec-swift-load kexec-swift-reboot")
    try await run("systemctl enable kexec-swift-reboot && systemctl start kexec-swift-load")
    // Only a reboot starts it.
    try await run("! systemctl start kexec-swift-reboot")
    try await mustHaveLoaded(false)
  }
}
