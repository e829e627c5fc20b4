import LabKit

/// The Debian package over Debian's own kexec-tools, whose callers run what it puts in their place.
/// Tests/package/run shows in chroots what needs no kernel.
let packages: [Scenario] = [packageAndSystemd, packageAndScripts.extra]

private let packageAndSystemd = Scenario(
  "the package: systemctl kexec runs its /sbin/kexec, and kexec-tools' comes back"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debian, carrying: [.debian6_1], files: try lab.packages())
  try await guest.run(isTheirs)
  try await guest.run("dpkg -i /opt/kexec-swift.deb")
  try await guest.run(isOurs)
  let words = "\(Lab.commandLine) \(GuestSystem.debianWithoutSystemd.commandLine)"
  try await guest.run(
    "/sbin/kexec -l /boot/6.1 --initrd=/boot/initrd --command-line='\(words)'")

  let next = try await guest.jump("systemctl kexec", returns: true)
  try next.mustBe(.debian6_1)
  try await next.run(isOurs)
  try await next.run("dpkg --purge kexec-swift")
  try await next.run(isTheirs)
  try await next.run("! find / -xdev -name '*kexec-swift*' ! -path '/opt/*' | grep .")
}

private let packageAndScripts = Scenario(
  "the package: kdump-config, init scripts and kexec-load-kernel run its /sbin/kexec"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debianWithoutSystemd, memory: 768, commandLine: "crashkernel=256M",
    carrying: [.debian6_1], files: try lab.packages())
  try await guest.run("dpkg -i /opt/kexec-swift.deb")
  try await guest.run(isOurs)
  try await guest.run(prepareKdump)
  try await guest.run("kdump-config load")
  try await guest.mustSay("1", when: "cat /sys/kernel/kexec_crash_loaded")
  try await guest.run("kdump-config unload")
  try await guest.mustSay("0", when: "cat /sys/kernel/kexec_crash_loaded")
  try await guest.run(
    """
    cat >/etc/default/kexec <<END
    LOAD_KEXEC=true
    KERNEL_IMAGE=/boot/6.1
    INITRD=/boot/initrd
    APPEND="$(cat /proc/cmdline) lab.caller=kexec-load"
    END
    """)
  // That of sid; and what an init script of Debian 12 does at a reboot.
  try await guest.run("sh /opt/kexec-load-kernel")
  try await guest.mustHaveLoaded(true)
  try await guest.run("/sbin/kexec -u")
  try await guest.run("RUNLEVEL=6 PREVLEVEL=2 /etc/init.d/kexec-load stop")
  try await guest.mustHaveLoaded(true)
  let next = try await guest.jump("RUNLEVEL=6 PREVLEVEL=2 /etc/init.d/kexec stop")
  try next.mustBe(.debian6_1)
  try await next.run("grep -w lab.caller=kexec-load /proc/cmdline")
}

/// The program of the package, and that of kexec-tools.
private let isOurs = """
  /sbin/kexec --version | grep '^kexec [0-9]'
  test /sbin/kexec -ef /usr/lib/kexec-swift/kexec
  """
private let isTheirs = "/sbin/kexec --version | grep '^kexec-tools '"
