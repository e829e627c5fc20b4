import LabKit

/// Modules and their parameters that come back.
let preservedModules: [Scenario] = LoadCall.allCases.map { call in
  Scenario("--preserve=modules: the same modules and parameters, \(call.name)") { lab in
    let paths = ["kernel/drivers/block/loop.ko", "kernel/drivers/net/dummy.ko"]
    let guest = try await lab.boot(
      .debian6_1, carrying: [.debian6_12], files: lab.modules(paths, of: .debian6_1),
      nextFiles: lab.modules(paths, of: .debian6_12))
    try await guest.run("modprobe loop max_loop=5; modprobe dummy numdummies=3")
    let before = try await guest.run(state).text
    try expect(before == "dummy loop 5 dummy0 dummy1 dummy2", "first there is \(before)")
    try await guest.load(.debian6_12, by: call, options: "--preserve=modules")

    let next = try await guest.jump()
    try next.mustBe(.debian6_12)
    try await next.mustSay(before, when: state)
    // For systemd and kmod.
    try await next.run("grep -w modules_load=loop,dummy /proc/cmdline")
    try await next.run("grep -w dummy.numdummies=3 /proc/cmdline")
    try await next.run("grep -w 'options loop max_loop=5' /etc/modprobe.d/kexec-preserve.conf")
  }
}

/// Modules, the parameter that can be read, and what came of the one that the kernel hides.
private let state =
  "echo $(cut -d' ' -f1 /proc/modules | sort) $(cat /sys/module/loop/parameters/max_loop)"
  + " $(ls /sys/class/net | grep dummy)"
