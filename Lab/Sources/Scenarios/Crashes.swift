import LabKit

/// A kernel that is loaded for a panic.
let crashes: [Scenario] = [
  .core("crash kernel: load, status, unload") { lab in
    let guest = try await lab.boot(
      .debian6_1, commandLine: "crashkernel=256M", carrying: [.lab])
    try await guest.run("kexec -p -S")
    try await guest.mustSay("\(256 << 20)", when: "kexec --print-ckr-size")
    if lab.tool.isOurs {
      try await guest.run(
        "\(loadCrashKernel) --dry-run | grep '^  reserved  *takes .* of 256 MiB, '")
    }
    try await guest.run(loadCrashKernel)
    try await guest.run("kexec -p -S", exits: 1)
    try await guest.mustHaveLoaded(false)

    try await guest.run("kexec -p -u")
    try await guest.run("kexec -p -S")
  }.extra,

  .core("a panic starts the crash kernel, which has the memory of the first") { lab in
    let guest = try await lab.boot(
      .debian6_1, commandLine: "crashkernel=256M", carrying: [.lab], sharesMemory: true)
    try await guest.run(loadCrashKernel)
    let log = lab.tool.isOurs ? try await guest.readLog() : nil
    let crash = try await guest.crashKeepingMemory(into: .lab)
    if let log { try await crash.mustFind(log, of: guest.release) }
  },

  otherFile("vmlinux", by: ["kexec -p /boot/kernel --initrd=/boot/initrd \(words)"]) { lab in
    try Compressor.zstd.compress(lab.unpack(.lab))
  }.extra,
  otherFile("UKI", by: ["kexec -p -c /boot/kernel", "kexec -p -s /boot/kernel"]) { lab in
    let sections = [".cmdline": Array(Lab.commandLine.utf8), ".initrd": try lab.archive()]
    return try lab.make(UnifiedImage(.lab, by: .ukify, sections: sections))
  }.extra,

  Scenario("a crash load without a reserved region exits with 254") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    let output = try await guest.run(loadCrashKernel, exits: 254)
    try expect(output.errors.contains("crashkernel=256M"), "no way out in: \(output.errors)")
    try await guest.run("kexec -u -p", exits: 254)
  },
]

/// The panic starts the kernel that the last of `loads` loaded.
private func otherFile(
  _ name: String, by loads: [String], of file: @escaping @Sendable (Lab) throws -> [UInt8]
) -> Scenario {
  Scenario("a panic starts a \(name), which has the memory of the first") { lab in
    let guest = try await lab.boot(
      .debian6_1, memory: 1536, commandLine: "crashkernel=320M",
      files: ["boot/kernel": file(lab), "boot/initrd": lab.archive()], sharesMemory: true)
    for load in loads {
      try await guest.run(load)
      try await guest.mustSay("1", when: "cat /sys/kernel/kexec_crash_loaded")
    }
    try await guest.crashKeepingMemory(into: .lab)
  }
}

private let words = "--command-line='\(Lab.commandLine)'"

private let loadCrashKernel =
  "kexec -s -p \(Kernel.lab.path) --initrd=/boot/initrd \(words)"
