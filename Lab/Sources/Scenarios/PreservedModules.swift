import LabKit

/// Modules and their parameters that are loaded again after the jump.
let preservedModules: [Scenario] =
  [byOwnInit(.classic), byOwnInit(.file).extra]
  + InitrdMaker.allCases.map { byInitrd(of: $0).extra }

private func byOwnInit(_ call: LoadCall) -> Scenario {
  Scenario("--preserve=modules: the same modules and parameters, \(call.name)") { lab in
    let paths = ["kernel/drivers/block/loop.ko", "kernel/drivers/net/dummy.ko"]
    let guest = try await lab.boot(
      .debian6_1, carrying: [.debian6_1], files: lab.modules(paths, of: .debian6_1),
      nextFiles: lab.modules(paths, of: .debian6_1))
    try await guest.run("modprobe loop max_loop=5; modprobe dummy numdummies=3")
    let before = try await guest.run(state).text
    try expect(before == "dummy loop 5 dummy0 dummy1 dummy2", "first there is \(before)")
    try await guest.load(.debian6_1, by: call, options: "--preserve=modules")

    let next = try await guest.jump()
    try next.mustBe(.debian6_1)
    try await next.mustSay(before, when: state)
    // Parameters for systemd and for kmod.
    try await next.run("grep -w modules_load=loop,dummy /proc/cmdline")
    try await next.run("grep -w dummy.numdummies=3 /proc/cmdline")
    try await next.run("grep -w 'options loop max_loop=5' /etc/modprobe.d/kexec-preserve.conf")
  }
}

/// Nothing else in that system loads modules: systemd does not run there. zram needs another
/// module.
private func byInitrd(of maker: InitrdMaker) -> Scenario {
  Scenario(
    "--preserve=modules: an initrd by \(maker.rawValue) loads them before the root is there"
  ) { lab in
    let paths = [
      "kernel/drivers/block/loop.ko", "kernel/drivers/block/brd.ko", "kernel/mm/zsmalloc.ko",
      "kernel/drivers/block/zram/zram.ko",
    ]
    var files = try lab.modules(paths, of: .debian6_1)
    files["boot/debian"] = try lab.initrd(by: maker)
    let guest = try await lab.boot(
      .debian6_1, system: .debianWithoutSystemd, carrying: [.debian6_12], files: files)
    try await guest.run("modprobe loop max_loop=5; modprobe brd rd_nr=3; modprobe zram")
    try await guest.mustSay("loop brd zsmalloc zram 5 ram0 ram1 ram2", when: blockModules)
    try await guest.run(
      """
      chmod +x /usr/local/sbin/lab-agent
      kexec -l /boot/6.12 --initrd=/boot/debian --preserve=modules --command-line="\
        \(Lab.commandLine) root=/dev/nvme0n1 rootfstype=ext4 rw init=/usr/local/sbin/lab-agent"
      """)

    let next = try await guest.jump()
    try next.mustBe(.debian6_12)
    try await next.mustSay("loop brd zsmalloc zram 5 ram0 ram1 ram2", when: blockModules)
  }
}

private let blockModules =
  "echo $(for m in loop brd zsmalloc zram; do grep -o \"^$m\" /proc/modules; done)"
  + " $(cat /sys/module/loop/parameters/max_loop) $(ls /sys/block | grep ^ram)"

/// The modules, the parameter that is readable, and the effect of the one that the kernel hides.
private let state =
  "echo $(cut -d' ' -f1 /proc/modules | sort) $(cat /sys/module/loop/parameters/max_loop)"
  + " $(ls /sys/class/net | grep dummy)"
