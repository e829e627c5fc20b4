import LabKit

/// Options that no other scenario tests.
let options: [Scenario] = [forced, between, secondPort, withoutEFI, elfKernels, oddBytes]

private let forced = Scenario(
  "-f: loaded and started at once; -e after the memory map has changed only with -f"
) { lab in
  let guest = try await lab.boot(
    .lab, commandLine: "retain_initrd", carrying: [.lab], isChain: true)
  let kernel = "\(Kernel.lab.path) --reuseinitrd --reuse-cmdline"
  let next = try await guest.jump("kexec -f \(kernel)")

  // The recorded memory map no longer matches the current one.
  try await next.run(
    "kexec -l \(kernel); sed -i 's/^memory-map .*/memory-map 0x100000-0x1fffff/' /run/kexec-loaded")
  let refusal = try await next.run("kexec -e", exits: 255)
  try expect(refusal.errors.contains("the memory map has changed"), refusal.errors)
  try await next.mustHaveLoaded(true)
  try await next.jump("kexec -e -f").mustBe(.lab)
}

private let between = Scenario(
  "--no-fast, --mem-min and --mem-max: the kernel unpacks itself, between these addresses"
) { lab in
  let guest = try await lab.boot(.lab, carrying: [.lab])
  let command = load(
    .lab, "-c --no-fast --mem-min=0x10000000 --mem-max=0x2fffffff -l")
  let json = try await guest.run("\(command) --dry-run --json").text
  let report = try LoadReport(json)
  try expect(report.lies(in: 0x1000_0000...0x2FFF_FFFF), "not between them: \(json)")
  try await guest.mustNote("ordinaryEntry.switchedOff", when: command)
  try await guest.run(command)

  let next = try await guest.jump()
  try next.mustBe(.lab)
  let initrd = try report.segment("initrd")
  try next.mustHaveLogged("RAMDISK: [mem 0x\(initrd.firstByte)-0x\(initrd.lastByte)]")
}

/// The next kernel gets its console, the second port, on its command line: only the purgatory has
/// to use the options.
private let secondPort = Scenario(
  "--serial and --serial-baud: the purgatory speaks on the second port"
) { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.lab], isConsoleSecond: true)
  try await guest.run("stty -F /dev/ttyS1 9600")
  try await guest.load(
    .lab, by: .classic, commandLine: "console=ttyS1,57600 \(Lab.agentOnFirstPort)",
    options: "--serial=ttyS1 --serial-baud=57600 --console-serial")
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try next.mustHaveLogged("purgatory: checks passed")
}

private let withoutEFI = Scenario(
  "--noefi: the next kernel has no EFI, but finds ACPI"
) { lab in
  let guest = try await lab.boot(.debian6_1, firmware: .uefi, carrying: [.lab])
  try await guest.run("ls /sys/firmware/efi/systab")
  try await guest.run(load(.lab, "--noefi -l"))
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.run("test ! -e /sys/firmware/efi && ls /sys/firmware/acpi/tables/APIC")
}

private let elfKernels = Scenario(
  "an ELF kernel by --args-elf, --args-none and --args-linux"
) { lab in
  let files = [
    "boot/elf32": try lab.elfKernel(bits: 32), "boot/elf64": try lab.elfKernel(bits: 64),
    "boot/anywhere": try lab.elfKernelForAnywhere(),
  ]
  for (options, said) in [
    // Linked for address 0. Nothing in it says how it takes its arguments.
    ("-l /boot/anywhere", "elf by notes: some words."),
    ("--args-none -l /boot/elf64", "elf by nothing."),
    ("--args-elf --type=elf-x86 -l /boot/elf32", "elf by notes: some words."),
    ("--args-linux -l /boot/elf32", "elf by boot_params: some words."),
  ] {
    let guest = try await lab.boot(.lab, files: files)
    // Nothing in these files says how they take their arguments; the default is that of
    // kexec-tools.
    try await guest.mustNote("bootNotesAssumed", when: "kexec -l /boot/elf64")
    try await guest.run("kexec --command-line='some words' \(options)")
    try await guest.jump(sayingOnConsole: [said])
  }
}

private let oddBytes = Scenario(
  "bytes that are no text go through: command line, --reuse-cmdline, and the name of a file"
) { lab in
  let guest = try await lab.boot(
    .lab, commandLine: "retain_initrd", isChain: true,
    files: ["boot/right": lab.labKernel(signedBy: .right)])
  let odd = "$(printf 'a\\351\\377')"
  try await guest.run("cat /sys/firmware/initrd >\"/run/\(odd)\"")
  // The appended parameter is for the kernel, not for init, and trailing spaces are kept.
  try await guest.run(
    "kexec -s -l /boot/right --initrd=\"/run/\(odd)\" --append=\"lab.odd=\(odd)\""
      + " --command-line=\"\(Lab.commandLine) retain_initrd -- single  \"")
  let end = "tail -c 16 /proc/cmdline | od -An -tx1"
  let bytes = " 61 e9 ff 20 2d 2d 20 73 69 6e 67 6c 65 20 20 0a"
  let next = try await guest.jump()
  try await next.mustSay(bytes, when: end)
  try await next.run(
    "kexec -c -l /boot/right --reuseinitrd --reuse-cmdline")
  try await next.jump().mustSay(bytes, when: end)
}

private func load(_ kernel: Kernel, _ options: String) -> String {
  "kexec --initrd=/boot/initrd --command-line='\(Lab.commandLine)' \(options) \(kernel.path)"
}
