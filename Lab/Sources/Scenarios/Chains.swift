import LabKit

/// Many jumps in a row in one machine.
let chains: [Scenario] = [chain(of: 3, .lab).extra, chain(of: 20, .debian6_12).extra]

private func chain(of count: Int, _ kernel: Kernel) -> Scenario {
  .core("\(count) kexecs in a row") { lab in
    // Every kernel retains its initrd, which contains the next kernel, and passes it on.
    let words = "\(Lab.commandLine) retain_initrd quiet"
    var guest = try await lab.boot(
      kernel, commandLine: "retain_initrd", carrying: [kernel], isChain: true)
    for generation in 1...count {
      try await guest.run("cat /sys/firmware/initrd >/run/initrd")
      try await guest.run(
        "kexec -c -l \(kernel.path) --initrd=/run/initrd"
          + " --command-line='\(words) generation=\(generation)'")
      guest = try await guest.jump()
      try await guest.mustSay("\(words) generation=\(generation)", when: "cat /proc/cmdline")
    }
  }
}
