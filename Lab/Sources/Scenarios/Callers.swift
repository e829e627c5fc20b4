import LabKit

/// Programs and scripts that call kexec, on a Debian that has them: they must work unchanged.
let callers: [Scenario] = [
  servicesStop("systemctl kexec", load: "kexec -l", jump: "systemctl kexec"),
  servicesStop("kexec KERNEL", load: nil, jump: "kexec").extra, preservedBySystemd.extra,
  rebootByKexec.extra, rebootByKexecInSid.extra,
  sysvScripts,
  kdumpConfig, loadSequences, packageAndScripts.extra,
]

/// The next system has no systemd: it starts faster, and what the first system wrote when it
/// stopped is still on the disk.
private func servicesStop(_ caller: String, load: String?, jump: String) -> Scenario {
  .core("systemd: services stop before the jump, by \(caller)") { lab in
    let guest = try await lab.boot(
      .debian6_1, system: .debian, commandLine: littleOfSystemd, carrying: [.debian6_1])
    try await guest.run(startWitness)
    let words = "\(Lab.commandLine) \(GuestSystem.debianWithoutSystemd.commandLine)"
    let kernel = "/boot/6.1 --initrd=/boot/initrd --command-line='\(words)'"
    if let load { try await guest.run("\(load) \(kernel)") }
    let next = try await guest.jump(load == nil ? "\(jump) \(kernel)" : jump, returns: true)
    try next.mustBe(.debian6_1)
    try await next.mustSay(guest.bootID, when: "cat /var/lib/witness")
    try await next.mustSay(words, when: "cat /proc/cmdline")
  }
}

private let preservedBySystemd = Scenario(
  "systemd: --preserve=modules brings modules and their parameters back"
) { lab in
  let paths = ["kernel/drivers/block/loop.ko", "kernel/drivers/net/dummy.ko"]
  let guest = try await lab.boot(
    .debian6_1, system: .debianWithoutSystemd, carrying: [.debian6_1],
    files: lab.modules(paths, of: .debian6_1), nextFiles: lab.modules(paths, of: .debian6_1))
  try await guest.run("modprobe loop max_loop=5; modprobe dummy numdummies=3")
  try await guest.run(
    """
    kexec -l /boot/6.1 --initrd=/boot/initrd --preserve=modules \
      --command-line="\(Lab.commandLine) \(GuestSystem.debian.commandLine)"
    """)
  let next = try await guest.jump()
  try next.mustBe(.debian6_1)
  try await next.run("systemctl is-active systemd-modules-load")
  try await next.mustSay("5", when: "cat /sys/module/loop/parameters/max_loop")
  try await next.mustSay("dummy0 dummy1 dummy2", when: "cd /sys/class/net && echo dummy*")
}

/// A service that writes, when it is stopped, the id of the boot in which that happened.
private let startWitness = """
  cat >/etc/systemd/system/witness.service <<END
  [Service]
  Type=oneshot
  RemainAfterExit=yes
  ExecStart=/bin/true
  ExecStop=/bin/cp /proc/sys/kernel/random/boot_id /var/lib/witness
  END
  systemctl daemon-reload
  systemctl start witness
  """

/// What kexec-load of kexec-tools reads: which kernel to load at a reboot.
let configureKexecLoad = """
  cat >/etc/default/kexec <<END
  LOAD_KEXEC=true
  KERNEL_IMAGE=/boot/6.1
  INITRD=/boot/initrd
  APPEND="$(cat /proc/cmdline) lab.caller=kexec-load"
  END
  """

private let sysvScripts = Scenario.core(
  "the init scripts of kexec-tools: coldreboot passes by, kexec-load loads, kexec jumps"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debianWithoutSystemd, carrying: [.debian6_1])
  try await guest.run(configureKexecLoad)
  // What init sets for scripts that run before a reboot.
  let reboot = "RUNLEVEL=6 PREVLEVEL=2"
  // The script coldreboot creates this file and then calls reboot.
  try await guest.run("touch /no-kexec-reboot; \(reboot) /etc/init.d/kexec-load stop")
  try await guest.mustHaveLoaded(false)
  try await guest.run("\(reboot) /etc/init.d/kexec-load stop")
  try await guest.mustHaveLoaded(true)

  let next = try await guest.jump("\(reboot) /etc/init.d/kexec stop")
  try next.mustBe(.debian6_1)
  try await next.run("grep -w lab.caller=kexec-load /proc/cmdline")
}

private let kdumpConfig = Scenario.core(
  "kdump-config: load, status, unload, and the dump of a panic"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debianWithoutSystemd, memory: 768, commandLine: "crashkernel=256M",
    carrying: [.debian6_1])
  try await guest.run(prepareKdump)
  try await guest.run("kdump-config load")
  try await guest.mustSay("1", when: "cat /sys/kernel/kexec_crash_loaded")
  try await guest.mustSay("current state   : ready to kdump", when: "kdump-config status")
  try await guest.run("kdump-config unload")
  try await guest.mustSay("0", when: "cat /sys/kernel/kexec_crash_loaded")
  try await guest.mustSay("current state   : Not ready to kdump", when: "kdump-config status")

  try await guest.run("kdump-config load")
  let crash = try await guest.jump("echo c >/proc/sysrq-trigger")
  let memory = try await crash.coreDump()
  // kdump-config does not notice a failed makedumpfile: the exit status of the pipe is that of
  // `cat`.
  try await crash.run("kdump-config savecore")
  // With an empty input, makedumpfile -R waits forever.
  try await crash.run("test $(cat /var/crash/*/dump.* | wc -c) -gt 1000000")
  try await crash.run("cat /var/crash/*/dump.* | makedumpfile -R /var/crash/plain")
  for key in ["BUILD-ID", "CRASHTIME"] {
    try await crash.mustSay(
      "\(key)=\(memory.value(of: key))", when: "grep -a -o '^\(key)=[0-9a-f]*' /var/crash/plain")
  }
  // This text is read from pages of the dump, through the kernel's own page tables.
  try await crash.run(
    """
    makedumpfile --dump-dmesg /var/crash/plain /var/crash/log
    grep 'sysrq: Trigger a crash' /var/crash/log /var/crash/*/dmesg.* | wc -l | grep -x 2
    """)
}

/// Puts files at the paths to which kdump-tools' own hook writes, after half a minute of mkinitramfs.
let prepareKdump = """
  release=$(uname -r)
  ln -f /boot/6.1 /boot/vmlinuz-$release
  ln -f /boot/initrd /var/lib/kdump/initrd.img-$release
  cp /etc/kdump/sysctl.conf /var/lib/kdump/latest_sysctls-$release
  """

private let loadSequences = Scenario.core(
  "the load sequences of nixos-images and SONiC, and usual spellings"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, system: .debianWithoutSystemd, carrying: [.lab])
  for spelling in spellings {
    try await guest.run(spelling)
    try await guest.mustHaveLoaded(true)
    // SONiC's command for unloading.
    try await guest.run("/sbin/kexec -u -a")
    try await guest.mustHaveLoaded(false)
  }
  try await guest.run(
    """
    kexec --load /boot/lab --initrd=/boot/initrd --no-checks \\
      --command-line "$(cat /proc/cmdline) init=/nix/store/lab/init"
    """)
  let next = try await guest.jump(
    "exec >/dev/kmsg 2>&1; nohup sh -c \"sleep 1 && '/sbin/kexec' -e \" &", returns: true)
  try next.mustBe(.lab)
  try await next.run("grep -w init=/nix/store/lab/init /proc/cmdline")
}

/// Each loads the lab's own kernel, which is small: an emulated processor unpacks it quickly.
private let spellings = [
  #"/sbin/kexec -l "/boot/lab" --initrd="/boot/initrd" --append="$(cat /proc/cmdline)" -a"#,
  #"/sbin/kexec -l "/boot/lab" --initrd="/boot/initrd" --append="a b" -s"#,
  "kexec -l /boot/lab --initrd=/boot/initrd --reuse-cmdline",
  "kexec -l --initrd /boot/initrd --append 'a b' /boot/lab",
  "kexec -a -l /boot/lab --ramdisk=/boot/initrd --command-line=quiet --mem-max=0x3fffffff",
  "kexec --load /boot/lab --initr=/boot/initrd --reuse-cmd",
  // kiwi's, of kiwi-dracut-oem-dump.
  """
  kexec --help | grep -q kexec-syscall-auto &&
    kexec --kexec-syscall-auto --load /boot/l?b --initrd /boot/initrd --command-line 'a b'
  """,
]
