import LabKit

/// From one real kernel to another, by both system calls, under both firmwares.
let jumps: [Scenario] = Firmware.allCases.flatMap { firmware in
  LoadCall.allCases.flatMap { call in
    [
      // Those by kexec_file_load, those on BIOS (where the README's commands are run), and those
      // back to 6.1 run only with --all.
      jump(from: .debian6_1, to: .debian6_12, by: call, firmware)
        .extra(if: call == .file || firmware == .bios),
      jump(from: .debian6_12, to: .debian6_1, by: call, firmware).extra,
    ]
  }
}

private func jump(
  from old: Kernel, to new: Kernel, by call: LoadCall, _ firmware: Firmware
) -> Scenario {
  .core("\(old.rawValue) to \(new.rawValue) by \(call.name), \(firmware.name)") { lab in
    let guest = try await lab.boot(old, firmware: firmware, carrying: [new])
    let words = "\(Lab.commandLine) lab.question=\"6 times 9\"  lab.answer=42"
    let isFast = lab.tool.isOurs && call == .classic
    let options = isFast ? "--seed=\(lab.seed)" : ""
    let load =
      "kexec \(call.rawValue) \(options) -l \(new.path) --initrd=/boot/initrd"
      + " --command-line='\(words)'"
    let plan = isFast ? try await guest.plan(load, noting: "unpacked") : nil
    try await guest.run(load)

    let next = try await guest.jump()
    try next.mustBe(new)
    try await next.mustSay(words, when: "cat /proc/cmdline")
    // The kernel was unpacked by us and moved to an address that we drew.
    if let plan {
      try expect(plan.virtualShift != nil, "no address was drawn")
      try await next.mustRun(at: plan)
    }
  }
}
