import LabKit

/// The entry points of the next kernel, and what it finds of the screen.
let entries: [Scenario] =
  [
    in32Bits(.debian6_1, .bios).extra, in32Bits(.debian6_12, .bios), in32Bits(.lab, .uefi).extra,
    inRealMode(.debian6_1), inRealMode(.debian6_12).extra,
  ] + [fromFiveLevels, toFourLevels, vmlinuxWithFourLevels, vgaText.extra, videoType.extra, noBIOS]

private func in32Bits(_ kernel: Kernel, _ firmware: Firmware) -> Scenario {
  Scenario("\(kernel.rawValue) by its 32-bit entry, \(firmware.name)") { lab in
    // There is more memory above 4 GiB, but a kernel that is entered in 32 bits must not be there.
    let guest = try await lab.boot(
      .debian6_1, firmware: firmware, memory: 5120, carrying: [kernel])
    try await guest.mustNote("ordinaryEntry.otherEntry", when: load(kernel, "--entry-32bit"))
    try await guest.run(load(kernel, "--entry-32bit --console-serial"))

    let next = try await guest.jump()
    try next.mustBe(kernel)
    try next.mustHaveLogged("purgatory: checks passed")
  }
}

private func inRealMode(_ kernel: Kernel) -> Scenario {
  Scenario("\(kernel.rawValue) by its real-mode entry, BIOS") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [kernel])
    let map = "dmesg | sed -n 's/.*BIOS-e820: //p'"
    let before = try await guest.run(map).text
    try await guest.run(load(kernel, "--real-mode --console-serial"))

    let next = try await guest.jump()
    try next.mustBe(kernel)
    try next.mustHaveLogged("purgatory: checks passed")
    // Only the BIOS can have told it this memory map.
    try await next.mustSay(before, when: map)
  }
}

private let noBIOS = Scenario("no real-mode entry without a BIOS, and not for a crash kernel") {
  lab in
  let guest = try await lab.boot(.debian6_1, firmware: .uefi, carrying: [.lab])
  try await guest.mustRefuse(load(.lab, "--real-mode"), saying: "booted by EFI")
  try await guest.mustRefuse(
    "kexec --real-mode -c -p \(Kernel.lab.path)", saying: "after a panic there is no BIOS")
}

private let fromFiveLevels = Scenario("five-level page tables are left for a 32-bit entry") { lab in
  let guest = try await lab.boot(.debian6_1, processor: fiveLevelProcessor, carrying: [.debian6_1])
  guard try await guest.attempt("grep -qw la57 /proc/cpuinfo").status == 0 else {
    throw Skip("this QEMU has no five-level page tables")
  }
  try await guest.run(load(.debian6_1, "--entry-32bit", words: "no5lvl"))
  let next = try await guest.jump()
  try next.mustBe(.debian6_1)
  try await next.run("grep -qw la57 /proc/cpuinfo", exits: 1)
}

/// The lab's kernel has only XLF_5LEVEL, as Debian 11's: entered at its 64-bit entry, it resets the
/// machine.
private let toFourLevels = Scenario(
  "a kernel that leaves five-level page tables by itself is entered in 32-bit mode"
) { lab in
  let guest = try await lab.boot(.debian6_1, processor: "max,la57=on", carrying: [.lab])
  guard try await guest.attempt("grep -qw la57 /proc/cpuinfo").status == 0 else {
    throw Skip("this QEMU has no five-level page tables")
  }
  let load =
    "-l \(Kernel.lab.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"
  try await guest.mustRefuse("kexec -s \(load)", saying: "and reset the machine")
  try await guest.mustNote("enteredIn32Bits", when: "kexec \(load)")
  try await guest.run("kexec \(load)")
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.run("grep -qw la57 /proc/cpuinfo", exits: 1)
}

/// The same kernel as a vmlinux, which has no 32-bit entry: the purgatory switches to four levels.
private let vmlinuxWithFourLevels = Scenario(
  "a vmlinux gets four levels of page tables where five are in use"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, processor: "max,la57=on", carrying: [.lab],
    files: ["boot/vmlinux": try lab.unpack(.lab)])
  guard try await guest.attempt("grep -qw la57 /proc/cpuinfo").status == 0 else {
    throw Skip("this QEMU has no five-level page tables")
  }
  try await guest.run(
    "kexec -l /boot/vmlinux --initrd=/boot/initrd --command-line='\(Lab.commandLine)'")
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.run("grep -qw la57 /proc/cpuinfo", exits: 1)
}

private let vgaText = Scenario("the purgatory's line is on the VGA text screen") { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.debian6_1], hasVGA: true)
  try await guest.run(load(.debian6_1, "--console-vga --reset-vga"))
  let next = try await guest.jump()
  try next.mustBe(.debian6_1)
  // Two bytes for each character: its code and its colours.
  let screen = try await next.run("dd if=/dev/mem bs=4096 skip=$((0xb8)) count=1").bytes
  let letters = stride(from: 0, to: screen.count, by: 2).map { screen[$0] }
  let text = String(decoding: letters, as: UTF8.self)
  try expect(text.contains("purgatory: checks passed"), "the screen has \(text)")
}

private let videoType = Scenario("--reuse-video-type passes on the firmware's framebuffer") { lab in
  let guest = try await lab.boot(
    .debian6_1, firmware: .uefi, carrying: [.debian6_1], hasVGA: true)
  try await guest.mustSay("0 EFI VGA", when: "cat /proc/fb")
  // These kernels have no driver that changes the mode, so /proc/fb is faked.
  try await guest.run("echo '0 bochs-drmdrmfb' >/run/fb; mount --bind /run/fb /proc/fb")
  try await guest.mustNote("framebufferLost", when: load(.debian6_1, ""))
  try await guest.run(load(.debian6_1, "--reuse-video-type"))
  try await guest.jump().mustSay("0 EFI VGA", when: "cat /proc/fb")
}

private func load(_ kernel: Kernel, _ options: String, words: String = "") -> String {
  "kexec -c \(options) -l \(kernel.path) --initrd=/boot/initrd"
    + " --command-line='\(Lab.commandLine) \(words)'"
}
