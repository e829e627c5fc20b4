import LabKit

/// The callers of kexec in Debian's packages, with the program's own package over kexec-tools.
/// Tests/package/run shows in chroots what needs no kernel.
let packageAndScripts = Scenario(
  "the package: kdump-config, init scripts and kexec-load-kernel run its /sbin/kexec"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debianWithoutSystemd, memory: 768, commandLine: "crashkernel=256M",
    carrying: [.debian6_1], files: try lab.packages())
  try await guest.installPackage()
  try await guest.run(prepareKdump)
  try await guest.run("kdump-config load")
  try await guest.mustSay("1", when: "cat /sys/kernel/kexec_crash_loaded")
  try await guest.run("kdump-config unload")
  try await guest.mustSay("0", when: "cat /sys/kernel/kexec_crash_loaded")
  try await guest.run(configureKexecLoad)
  // That of sid; and what an init script of Debian 12 does at a reboot.
  try await guest.run("sh /opt/kexec-load-kernel")
  try await guest.mustHaveLoaded(true)
  try await guest.run("/sbin/kexec -u")
  try await guest.run("RUNLEVEL=6 PREVLEVEL=2 /etc/init.d/kexec-load stop")
  try await guest.mustHaveLoaded(true)
  let next = try await guest.jump("RUNLEVEL=6 PREVLEVEL=2 /etc/init.d/kexec stop")
  try next.mustBe(.debian6_1)
  try await next.run("grep -w lab.caller=kexec-load /proc/cmdline")
  try await next.purgePackage()
}

extension Guest {
  /// Puts the package's program in the place of that of kexec-tools.
  func installPackage() async throws {
    try await run(isTheirs)
    try await run("dpkg -i /opt/kexec-swift.deb")
    try await run(isOurs)
  }

  /// The same in the other direction, in a system that has been started by the package's program.
  func purgePackage() async throws {
    try await run(isOurs)
    try await run("dpkg --purge kexec-swift")
    try await run(isTheirs)
    try await run("! find / -xdev -name '*kexec-swift*' ! -path '/opt/*' | grep .")
  }
}

private let isOurs = """
  /sbin/kexec --version | grep '^kexec [0-9]' && test /sbin/kexec -ef /usr/lib/kexec-swift/kexec
  """
private let isTheirs = "/sbin/kexec --version | grep '^kexec-tools '"
