import LabKit

/// The kernel that waits for a panic.
let crashes: [Scenario] = [
  .core("crash kernel: load, status, unload") { lab in
    let guest = try await lab.boot(
      .debian6_1, commandLine: "crashkernel=256M", carrying: [.debian6_12])
    try await guest.run("kexec -p -S")
    try await guest.mustSay("\(256 << 20)", when: "kexec --print-ckr-size")
    try await guest.run(loadCrashKernel)
    try await guest.run("kexec -p -S", exits: 1)
    try await guest.mustHaveLoaded(false)

    try await guest.run("kexec -p -u")
    try await guest.run("kexec -p -S")
  },

  .core("a panic starts the crash kernel, which has the memory of the first") { lab in
    let guest = try await lab.boot(
      .debian6_1, commandLine: "crashkernel=256M", carrying: [.debian6_12])
    try await guest.run(loadCrashKernel)

    let crash = try await guest.jump("echo c >/proc/sysrq-trigger")
    try crash.mustBe(.debian6_12)
    try await crash.mustSay("ELF", when: "head -c 4 /proc/vmcore | tail -c 3")
  },

  Scenario("a crash load without a reserved region exits with 254") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.debian6_12])
    let output = try await guest.run(loadCrashKernel, exits: 254)
    try expect(output.errors.contains("crashkernel="), "no way out in: \(output.errors)")
  },
]

private let loadCrashKernel =
  "kexec -s -p \(Kernel.debian6_12.path) --initrd=/boot/initrd"
  + " --command-line='\(Lab.commandLine)'"
