import LabKit

/// What the running kernel keeps for the next one.
let handover: [Scenario] = [
  Scenario("kexec handover: look 1") { lab in
    let session = try Kernel.handover.program("session", in: lab)
    let guest = try await lab.boot(
      .handover, memory: 2048, commandLine: "kho=on liveupdate=on kho_scratch=8M,8M,8M reserve_mem=1M:4096:trace", carrying: [.handover],
      files: ["bin/session": session], nextFiles: ["bin/session": session])
    for text in ["mount -t debugfs none /sys/kernel/debug; ls -R /sys/kernel/debug/kho; cat /sys/kernel/debug/kho/out/scratch_len; dmesg | grep -a -i -e KHO: -e luo -e reserve_mem",
     "kexec -s -l \(Kernel.handover.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine) kho=on liveupdate=on'", "cat /sys/kernel/kexec/loaded; dmesg | tail -5"] {
      _ = try await guest.attempt(text)
    }
    try expect(false, "look")
  }
  .extra,
  Scenario("kexec handover: look 2") { lab in
    let session = try Kernel.handover.program("session", in: lab)
    let guest = try await lab.boot(
      .handover, memory: 2048, commandLine: "kho=on liveupdate=on reserve_mem=1M:4096:trace", carrying: [.handover],
      files: ["bin/session": session], nextFiles: ["bin/session": session])
    for text in ["mount -t debugfs none /sys/kernel/debug; ls -R /sys/kernel/debug/kho; cat /sys/kernel/debug/kho/out/scratch_len; dmesg | grep -a -i -e KHO: -e luo -e reserve_mem",
     "kexec -s -l \(Kernel.handover.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine) kho=on liveupdate=on reserve_mem=1M:4096:trace'",  "chmod +x /bin/session; session keep >/run/kept 2>&1 & sleep 1; cat /run/kept; cat /sys/kernel/kexec/loaded"] {
      _ = try await guest.attempt(text)
    }
    let next = try await guest.jump()
    for text in ["mount -t debugfs none /sys/kernel/debug; ls -R /sys/kernel/debug/kho; dmesg | grep -ai -e KHO: -e luo -e reserve_mem; chmod +x /bin/session; session get; ls /dev/liveupdate"] {
      _ = try await next.attempt(text)
    }
    try expect(false, "look")
  }
  .extra,
]
