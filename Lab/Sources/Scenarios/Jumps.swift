import LabKit

/// From one real kernel to another, by both system calls, under both firmwares.
let jumps: [Scenario] = Firmware.allCases.flatMap { firmware in
  [
    jump(from: .debian6_1, to: .debian6_12, by: .classic, firmware),
    jump(from: .debian6_12, to: .debian6_1, by: .classic, firmware),
    jump(from: .debian6_1, to: .debian6_12, by: .file, firmware),
    jump(from: .debian6_12, to: .debian6_1, by: .file, firmware),
  ]
}

private func jump(
  from old: Kernel, to new: Kernel, by call: LoadCall, _ firmware: Firmware
) -> Scenario {
  .core("\(old.rawValue) to \(new.rawValue) by \(call.name), \(firmware)") { lab in
    let guest = try await lab.boot(old, firmware: firmware, carrying: [new])
    try await guest.load(new, by: call, commandLine: "\(Lab.commandLine) seen=twice")
    let next = try await guest.jump()
    try next.mustBe(new)
    let commandLine = try await next.run("cat /proc/cmdline").text
    try expect(
      commandLine == "\(Lab.commandLine) seen=twice", "the command line became \(commandLine)")
  }
}
