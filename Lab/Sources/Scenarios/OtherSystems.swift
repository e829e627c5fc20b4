import LabKit

/// Other systems than Linux.
let otherSystems: [Scenario] = [
  xen, mach, grub, memtest("x64").extra, memtest("ia32").extra, ipxe,
]

private let xen = Scenario("Xen, a packed multiboot 2 kernel, finds Linux as its module") { lab in
  let guest = try await lab.boot(
    .debian6_1, memory: 1536, carrying: [.debian6_12],
    files: ["boot/xen.gz": try lab.packagedFile("/boot/xen-4.17-amd64.gz")])
  try await guest.mustNote(
    "fileUnpacked", about: "gzip", when: "kexec -l /boot/xen.gz --type=multiboot2-x86")
  try await guest.run(
    "kexec -l /boot/xen.gz --command-line='com1=115200,8n1 console=com1 noreboot'"
      + " --module='\(Kernel.debian6_12.path) console=hvc0 earlyprintk=xen'"
      + " --module=/boot/initrd")
  // Xen goes no further: the kernels for cloud machines cannot run as its first guest.
  try await guest.jump(
    sayingOnConsole: ["Xen version 4.17", "Command line:", "Dom0 kernel: 64-bit"])
}

private let mach = Scenario("GNU Mach, a packed multiboot 1 kernel in an ELF file of 64 bits") {
  lab in
  let guest = try await lab.boot(
    .lab, files: ["boot/mach.gz": try lab.packagedFile("/boot/gnumach-1.8-486.gz")])
  try await guest.run("kexec -l /boot/mach.gz --type=multiboot-x86 --command-line=console=com0")
  try await guest.jump(
    sayingOnConsole: ["GNU Mach 1.8", "100000:00000000003ffe0000, available"])
}

/// Debian's GRUB for multiboot is the one for coreboot, which reads the memory map only from
/// coreboot's table. Without that table it prints "No memory found".
private let grub = Scenario("GRUB, a multiboot 1 kernel in low memory") { lab in
  let core = try lab.grubCore(
    configuration: """
      serial --unit=0 --speed=115200
      terminal_output serial
      echo "GRUB here"
      """, modules: ["serial", "terminal", "echo"])
  let guest = try await lab.boot(.lab, files: ["boot/grub": core], sharesMemory: true)
  try await guest.run("kexec -l /boot/grub")
  try guest.setMemory(
    at: CorebootTable.address,
    to: CorebootTable.bytes(memory: [0..<0x9_F000, 0x10_0000..<0x3FFE_0000]))
  try await guest.jump(sayingOnConsole: ["GRUB here"])
}

private func memtest(_ name: String) -> Scenario {
  Scenario("memtest86+ \(name), a bzImage that is no Linux") { lab in
    let guest = try await lab.boot(
      .debian6_1, memory: 512,
      files: ["boot/memtest": try lab.packagedFile("/boot/memtest86+\(name).bin")])
    try await guest.run("kexec -l /boot/memtest --command-line=console=ttyS0,115200")
    try await guest.jump(sayingOnConsole: ["Memtest86+"])
  }
}

private let ipxe = Scenario("iPXE, a bzImage with no entry but that in real mode") { lab in
  let guest = try await lab.boot(
    .lab, files: ["boot/ipxe": try lab.packagedFile("/boot/ipxe.lkrn")], hasVGA: true)
  for option in ["--entry-32bit", "-s"] {
    try await guest.mustRefuse(
      "kexec \(option) -l /boot/ipxe", saying: "it has only a real-mode entry")
  }
  try await guest.mustNote("ordinaryEntry.realModeOnly", when: "kexec -l /boot/ipxe")
  try await guest.run("kexec -l /boot/ipxe --type=bzImage")
  try await guest.jump(sayingOnScreen: "Open Source Network Boot Firmware")
}
