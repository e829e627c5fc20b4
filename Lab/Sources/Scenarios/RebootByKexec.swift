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
///
/// Each reset ends a machine: an emulator is slow in a machine that has been reset.
let rebootByKexecInSid = Scenario(
  "systemd of sid: reboot is a kexec if the units are enabled, if not it is not"
) { lab in
  // Only the unit that loads: for a kexec that somebody asks for, and not for a reboot.
  let loading = try await lab.bootSid()
  try await loading.run("systemctl disable kexec-swift-reboot; systemctl enable kexec-swift-load")
  let asked = try await loading.jump("systemctl start --no-block kexec.target", returns: true)
  try asked.mustHaveLogged("kexec: loaded /boot/6.1")
  try await asked.run("grep -w \(loadedByUnit) /proc/cmdline")
  try await asked.reset(by: "systemctl reboot")
  try asked.mustNotHaveLogged("kexec: loaded")

  let failing = try await lab.bootSid()
  try await failing.run("sed -i 's,^INITRD.*,INITRD=/nothing,' /etc/default/kexec")
  try await failing.reset(by: "reboot")
  try failing.mustHaveLogged(
    "kexec: the kernel was not loaded: kexec -l /boot/6.1 --initrd=/nothing")
  try failing.mustHaveLogged("\(throughFirmware): no kernel is loaded")

  let guest = try await lab.bootSid()
  let next = try await guest.jump("systemctl reboot", returns: true)
  try next.mustHaveLogged("kexec: loaded /boot/6.1")
  try await next.run("grep -w \(loadedByUnit) /proc/cmdline")
  // There is no kexec-tools, but its flag is obeyed, and forgotten at the next boot.
  let flag = "/no-kexec-reboot"
  try await next.run("touch \(flag); systemctl restart kexec-swift-load; ! test -e \(flag)")
  try await next.run("touch \(flag)")
  try await next.reset(by: "systemctl reboot")
  try next.mustHaveLogged("\(throughFirmware): coldreboot was called (\(flag))")
}

extension Lab {
  /// Debian sid with the package's units.
  fileprivate func bootSid() async throws -> Guest {
    let guest = try await boot(
      .debian6_1, system: .sid, commandLine: littleOfSystemd, carrying: [.debian6_1],
      files: try packages())
    try await guest.run("dpkg -i /opt/kexec-swift.deb")
    try await guest.enableUnits()
    return guest
  }
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
