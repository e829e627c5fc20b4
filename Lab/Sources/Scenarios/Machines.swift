import LabKit

/// What the next kernel must find of the machine: processors, tables, firmware.
let machines: [Scenario] =
  LoadCall.allCases.flatMap { call in
    [
      bothProcessors(by: call).extra(if: call == .file),
      efiRuntime(by: call).extra(if: call == .file),
    ]
  }
  + Firmware.allCases.map { acpi(under: $0).extra }
  + ["qemu64,-cx16", "Opteron_G1", "core2duo"].map {
    oldProcessor($0).extra(if: !$0.hasSuffix("-cx16"))
  } + [smallMachine.extra]

/// The oldest processors for x86_64 lack CMPXCHG16B and many newer instructions.
private func oldProcessor(_ processor: String) -> Scenario {
  Scenario("processor \(processor)") { lab in
    let guest = try await lab.boot(.debian6_1, processor: processor, carrying: [.lab])
    try await guest.load(.lab, by: .classic)
    try await guest.jump().mustBe(.lab)
  }
}

/// So little memory that only a small initrd can be unpacked.
private let smallMachine = Scenario("80 MiB of memory") { lab in
  let guest = try await lab.boot(
    .debian6_1, memory: 80, files: ["boot/memtest": try lab.packagedFile("/boot/memtest86+x64.bin")]
  )
  try await guest.run("kexec -l /boot/memtest")
  try await guest.mustHaveLoaded(true)
  try await guest.run("kexec -u")
  try await guest.mustHaveLoaded(false)
}

private func bothProcessors(by call: LoadCall) -> Scenario {
  .core("two processors come back, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, cpus: 2, carrying: [.lab])
    try await guest.mustSay("2", when: "nproc")
    try await guest.load(.lab, by: call)

    let next = try await guest.jump()
    try next.mustBe(.lab)
    try await next.mustSay("2", when: "nproc")
  }
}

private func acpi(under firmware: Firmware) -> Scenario {
  .core("ACPI is found again, \(firmware.name)") { lab in
    let tables = "cd /sys/firmware/acpi/tables && sha256sum APIC FACP | cut -c1-16"
    let guest = try await lab.boot(.debian6_1, firmware: firmware, carrying: [.lab])
    let before = try await guest.run(tables).text
    try await guest.load(.lab, by: .classic)

    let next = try await guest.jump()
    try await next.mustSay(before, when: tables)
  }
}

private func efiRuntime(by call: LoadCall) -> Scenario {
  .core("EFI runtime services work in the next kernel, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, firmware: .uefi, carrying: [.lab])
    let names = "ls /sys/firmware/efi/efivars"
    let before = try await guest.run(names).text
    try expect(before.contains("BootOrder-"), "the first kernel sees no variables")
    try await guest.load(.lab, by: call)

    let next = try await guest.jump()
    try await next.mustSay(before, when: names)
    // Writing a variable calls the firmware's own code, and shows that it works.
    let variable = "/sys/firmware/efi/efivars/Lab-f06a7d4e-6a0b-4b6c-9a52-6b1d6d1f3b52"
    try await next.run("printf '\\7\\0\\0\\0alive' >\(variable)")
    try await next.mustSay("alive", when: "tail -c 5 \(variable)")
  }
}
