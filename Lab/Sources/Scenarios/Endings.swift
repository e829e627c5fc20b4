import LabKit

/// What happens between the command and the jump.
let endings: [Scenario] = [shutdown, interfaces, sync, forcedSync]

private let shutdown = Scenario.core(
  "KERNEL alone: it is loaded, then shutdown is called, which ends in the jump"
) { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.lab])
  let kernel =
    "kexec \(Kernel.lab.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"
  // As the last script of a shutdown does.
  try await guest.run(
    """
    cat >/sbin/shutdown <<'END'
    #!/bin/sh
    echo "lab: shutdown $* with $(cat /sys/kernel/kexec_loaded) loaded" >/dev/kmsg
    exec kexec -e
    END
    chmod +x /sbin/shutdown
    """)
  let next = try await guest.jump(kernel)
  try next.mustBe(.lab)
  try next.mustHaveLogged("lab: shutdown -r now with 1 loaded")
}

/// Network interfaces stay up if nothing is loaded. If there is a record of a load, and /sys does
/// not show that another program unloaded it, they are taken down, and brought up again when the
/// jump fails.
private let interfaces = Scenario(
  "network interfaces are taken down, with -x they are not, and they come up when the jump fails"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, carrying: [.lab],
    files: lab.modules(["kernel/drivers/net/dummy.ko"], of: .debian6_1))
  try await guest.run(
    """
    modprobe dummy numdummies=3; ip link set dummy0 up; ip link set dummy2 up
    ip addr add 10.1.2.3/24 dev dummy0; ip route add default via 10.1.2.1
    """)
  let down = "echo $(grep -o 'dummy[0-9]: taken down' /run/log)"
  let jump = "kexec -d -e 2>/run/log"
  try await guest.run(jump, exits: 1)
  try await guest.mustSay("", when: down)
  try await guest.run("\(cover); \(jump)", exits: 1)
  try await guest.mustSay("", when: down)

  try await guest.run(uncover)
  try await guest.load(.lab, by: .classic)
  try await guest.run(
    "mkdir /run/keep; cp /run/kexec-* /run/keep; kexec -u; cp /run/keep/* /run; \(cover)"
  )
  try await guest.run("\(jump) -x", exits: 1)
  try await guest.mustSay("", when: down)
  try await guest.run(jump, exits: 1)
  try await guest.mustSay("dummy0: taken down dummy2: taken down", when: down)
  try await guest.mustSay("0x83 0x82 0x83", when: flags)
  try await guest.run("grep 'these are lost: default via 10.1.2.1 dev dummy0' /run/log; \(uncover)")

  try await guest.load(.lab, by: .classic)
  // The kernel would refuse the jump; the program must find that before it takes the network down.
  try await guest.run("unshare -p -f kexec -d -e 2>/run/log", exits: 255)
  try await guest.run("grep 'its own process ids' /run/log")
  try await guest.mustSay("0x83 0x82 0x83", when: flags)
  try await guest.jump().mustBe(.lab)
}

private let cover = "mount -t tmpfs none /sys/kernel"
private let uncover = "while umount /sys/kernel 2>/dev/null; do :; done"

/// The interfaces' flags: 0x1 is IFF_UP, the others are IFF_BROADCAST and IFF_NOARP.
private let flags = "cd /sys/class/net; echo $(cat dummy?/flags)"

private let sync = Scenario.core("dirty files are on the disk after the jump, and with -y not") {
  lab in
  let guest = try await lab.boot(
    .debian6_12, commandLine: "retain_initrd", carrying: [.debian6_12], isChain: true,
    hasEmptyDisk: true)
  let mount = "mkdir -p /mnt && mount -t ext4 /dev/nvme0n1 /mnt"
  let load =
    "cat /sys/firmware/initrd >/run/initrd; kexec -c -l \(Kernel.debian6_12.path)"
    + " --initrd=/run/initrd --command-line='\(Lab.commandLine) retain_initrd'"
  // Nothing else may write it back.
  let quiet = "echo 0 >/proc/sys/vm/dirty_writeback_centisecs"
  try await guest.run("set -e; mke2fs /dev/nvme0n1; sync; \(mount); \(load); \(quiet)")
  try await guest.run("cp /init /mnt/file")

  let next = try await guest.jump("kexec -e -y")
  try await next.run("set -e; \(mount); \(load); \(quiet); ! test -e /mnt/file")
  try await next.run("cp /init /mnt/file")

  let last = try await next.jump()
  try await last.run("\(mount) && cmp /init /mnt/file")
}

private let forcedSync = Scenario("--force-sync: no jump when a file system cannot be written") {
  lab in
  let guest = try await lab.boot(
    .debian6_1, carrying: [.lab],
    files: lab.modules(["kernel/drivers/block/loop.ko"], of: .debian6_1))
  // A disk of 16 MiB, in a file on a file system with 2 MiB of space.
  try await guest.run(
    """
    set -e
    modprobe loop
    mkdir -p /run/small /mnt
    mount -t tmpfs -o size=2m small /run/small
    truncate -s 16M /run/small/disk
    mke2fs -F /run/small/disk
    mount -t ext4 -o loop /run/small/disk /mnt
    """)
  try await guest.load(.lab, by: .classic)
  for option in ["-s", "--force-sync"] {
    // The kernel reports a write error only once, so each attempt needs a new one.
    let output = try await guest.run(
      "head -c 8m /dev/urandom >/mnt/file; kexec -e \(option)", exits: 255)
    try expect(output.errors.contains("/mnt"), "the mount is not named: \(output.errors)")
    try await guest.mustHaveLoaded(true)
  }
  // First another mount hides the path; then this mount is read-only; then only another process
  // sees it.
  for (command, name) in [
    ("mount -t tmpfs over /mnt", "\"/mnt\" (hidden below another mount)"),
    (
      "umount /mnt && head -c 8m /dev/urandom >/mnt/file; mount -o remount,ro,bind /mnt",
      "\"/mnt\" ("
    ),
    (
      """
      mount -o remount,rw,bind /mnt; mkfifo /run/ready
      unshare -m sh -c 'echo $$ >/run/ready; exec sleep 9999' >/dev/null 2>&1 </dev/null &
      read -r other </run/ready
      umount /mnt; head -c 8m /dev/urandom >/proc/$other/root/mnt/file
      """, "/root/mnt\" ("
    ),
  ] {
    let output = try await guest.run("\(command)\nkexec -e -s", exits: 255)
    try expect(output.errors.contains(name), "\(name) is not named: \(output.errors)")
  }
  try await guest.jump().mustBe(.lab)
}
