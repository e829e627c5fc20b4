import LabKit

/// Kernel after kernel after kernel.
let chains: [Scenario] = [
  chain(of: 3, "3 kexecs in a row"), chain(of: 20, "20 kexecs in a row").extra,
]

private func chain(of count: Int, _ name: String) -> Scenario {
  .core(name) { lab in
    // Every kernel keeps its initrd, which has the next kernel in it, and gives it to the next one.
    let words = "\(Lab.commandLine) retain_initrd quiet"
    var guest = try await lab.boot(
      .debian6_12, commandLine: "retain_initrd", carrying: [.debian6_12], isChain: true)
    for generation in 1...count {
      try await guest.run("cat /sys/firmware/initrd >/run/initrd")
      try await guest.run(
        "kexec -c -l \(Kernel.debian6_12.path) --initrd=/run/initrd"
          + " --command-line='\(words) generation=\(generation)'")
      guest = try await guest.jump()
      try await guest.mustSay("\(words) generation=\(generation)", when: "cat /proc/cmdline")
    }
  }
}
