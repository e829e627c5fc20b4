import LabKit

/// The Debian package over Debian's own kexec-tools, whose callers run what it puts in their place.
/// Tests/package/run shows in chroots what needs no kernel.
let packages: [Scenario] = [
  Scenario("the package: systemctl kexec, kdump-config and init scripts run its /sbin/kexec") {
    lab in
    let guest = try await lab.boot(
      .debian6_1, system: .debian, memory: 768, commandLine: "crashkernel=256M",
      carrying: [.debian6_1], files: try lab.packages())
    try await guest.run("/sbin/kexec --version | grep '^kexec-tools '")
    try await guest.run("dpkg -i /opt/kexec-swift.deb")
    try await guest.run(isOurs)
    let words =
      "\(Lab.commandLine) \(GuestSystem.debianWithoutSystemd.commandLine) crashkernel=256M"
    try await guest.run(
      "/sbin/kexec -l /boot/6.1 --initrd=/boot/initrd --command-line='\(words)'")

    let second = try await guest.jump("systemctl kexec", returns: true)
    try second.mustBe(.debian6_1)
    try await second.run(isOurs)
    try await second.run(prepareKdump)
    try await second.run("kdump-config load")
    try await second.mustSay("1", when: "cat /sys/kernel/kexec_crash_loaded")
    try await second.run("kdump-config unload")
    try await second.run(
      """
      cat >/etc/default/kexec <<END
      LOAD_KEXEC=true
      KERNEL_IMAGE=/boot/6.1
      INITRD=/boot/initrd
      APPEND="$(cat /proc/cmdline) lab.caller=kexec-load"
      END
      """)
    try await second.run("sh /opt/kexec-load-kernel")
    try await second.mustHaveLoaded(true)
    try await second.run("/sbin/kexec -u")
    try await second.run("RUNLEVEL=6 PREVLEVEL=2 /etc/init.d/kexec-load stop")
    try await second.mustHaveLoaded(true)

    let third = try await second.jump("RUNLEVEL=6 PREVLEVEL=2 /etc/init.d/kexec stop")
    try third.mustBe(.debian6_1)
    try await third.run("grep -w lab.caller=kexec-load /proc/cmdline")
    try await third.run("dpkg --purge kexec-swift")
    try await third.run("/sbin/kexec --version | grep '^kexec-tools '")
    try await third.run("! find / -xdev -name '*kexec-swift*' ! -path '/opt/*' | grep .")
  }
]

/// The program of the package, not that of kexec-tools.
private let isOurs = """
  /sbin/kexec --version | grep '^kexec [0-9]'
  test /sbin/kexec -ef /usr/lib/kexec-swift/kexec
  """
