import LabKit

/// Kernel files of other types than a plain bzImage.
let images: [Scenario] =
  [
    compressed.extra, packedForSegments,
    vmlinux(hasRelocations: true).extra, vmlinux(hasRelocations: false).extra,
    i386("bzImage"), i386("vmlinux"), multiboot(1), multiboot(2),
  ]

/// All seven formats in one machine: each is loaded, and one of them is started.
private let compressed = Scenario(
  "a kernel file compressed as a whole, in seven formats, kexec_file_load"
) { lab in
  let kernel = try lab.file(of: .lab)
  var files: [String: [UInt8]] = [:]
  for compressor in Compressor.allCases {
    files["boot/\(compressor.rawValue)"] = try compressor.compress(kernel)
  }
  let guest = try await lab.boot(.debian6_1, memory: 1536, carrying: [.lab], files: files)
  for compressor in Compressor.allCases {
    try await guest.run(load("/boot/\(compressor.rawValue)", by: .file))
    try await guest.mustHaveLoaded(true)
    try await guest.run("kexec -u")
  }
  try await guest.run("head -c 1000000 /boot/zstd >/run/short")
  try await guest.mustRefuse(load("/run/short", by: .file), saying: "is truncated at byte")
  try await guest.run(load("/boot/zstd", by: .file))
  try await guest.jump().mustBe(.lab)
}

private let packedForSegments = Scenario(
  "a kernel file compressed as a whole, kexec_load"
) { lab in
  let file = try Compressor.gzip.compress(lab.file(of: .lab))
  let guest = try await lab.boot(
    .lab, carrying: [.lab], files: ["boot/gzip": file])
  try await guest.mustNote("fileUnpacked", about: "gzip", when: load("/boot/gzip", by: .classic))
  try await guest.run(load("/boot/gzip", by: .classic))
  try await guest.jump().mustBe(.lab)
}

private func vmlinux(hasRelocations: Bool) -> Scenario {
  Scenario("a vmlinux \(hasRelocations ? "with" : "without") a relocation table: by kexec_load") {
    lab in
    let image = hasRelocations ? Kernel.debian6_12 : .lab
    var kernel = try lab.unpack(image)
    if !hasRelocations { kernel.removeLast(try kernel.relocationTableSize) }
    let guest = try await lab.boot(
      .debian6_1, memory: 1536, carrying: [image],
      files: ["boot/vmlinux.zst": try Compressor.zstd.compress(kernel)])
    let command = load("/boot/vmlinux.zst", by: .classic)
    try await guest.mustRefuse(
      load("/boot/vmlinux.zst", by: .file), saying: "kexec_file_load cannot load a file of type")
    try await guest.mustRefuse(command + " --type=bzImage", saying: "elf-x86_64")
    let typed = command + " --type=elf-x86_64 --seed=\(lab.seed)"
    let plan = try await guest.plan(typed)
    try expect(
      (plan.virtualShift != nil) == hasRelocations,
      "moved by \(String(describing: plan.virtualShift))")
    try await guest.run(typed)
    let next = try await guest.jump()
    try next.mustBe(image)
    try await next.mustRun(at: plan)
  }
}

extension [UInt8] {
  /// The size of what follows the last section header of a kernel's ELF file.
  fileprivate var relocationTableSize: Int {
    get throws {
      // e_shoff, e_shentsize and e_shnum of an ELF64 file.
      func number(at offset: Int, _ size: Int) -> Int {
        self[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      let end = number(at: 0x28, 8) + number(at: 0x3A, 2) * number(at: 0x3C, 2)
      try expect(end < count, "the kernel has no relocation table")
      return count - end
    }
  }
}

/// The guests' programs are of 64 bits, so this kernel is expected only to look for an init that it
/// can run.
private func i386(_ kind: String) -> Scenario {
  Scenario("a kernel for i386, as \(kind): it has its command line, memory and initrd") { lab in
    let guest = try await lab.boot(
      .lab,
      files: [
        "boot/kernel": try lab.i386Kernel(unpacked: kind == "vmlinux"),
        "boot/initrd": try lab.archive(),
      ])
    let command = "kexec -l /boot/kernel --initrd=/boot/initrd"
    let type = kind == "vmlinux" ? "elf-x86" : "bzImage"
    try await guest.run("\(command) --type=\(type) --command-line='\(Lab.commandLine) lab.words'")
    try await guest.jump(
      sayingOnConsole: [
        "-686-pae", "BIOS-e820: [mem 0x0000000000100000-0x000000003ffdffff] usable",
        "RAMDISK: [mem", "lab.words", "Freeing initrd memory", "init",
      ])
  }
}

private func multiboot(_ version: Int) -> Scenario {
  Scenario("multiboot \(version): command line, modules, memory map, RSDP") { lab in
    // The RSDP is read from /dev/mem, which the lab's own kernel does not have.
    let guest = try await lab.boot(
      .debian6_1,
      files: [
        "boot/kernel": try lab.multibootKernel(version: version),
        "boot/first": Array("first module".utf8), "boot/second": Array("second".utf8),
      ])
    let load = "kexec --command-line='some words' --module='/boot/first one two'"
    try await guest.mustRefuse("\(load) -s -l /boot/kernel", saying: "kexec_file_load cannot load")
    try await guest.run("\(load) --module=/boot/second -l /boot/kernel")
    var said = [
      version == 1 ? "magic 2badb002" : "magic 36d76289", "line /boot/kernel some words",
      "module 0000000c first  /boot/first one two", "module 00000006 second /boot/second",
      "memory 00000000 0009fc00 00000001", "memory 00100000 3fee0000 00000001",
    ]
    if version == 2 { said.append("root RSD PTR ") }
    try await guest.jump(sayingOnConsole: (said + ["done"]).map { "multiboot " + $0 })
  }
}

private func load(_ kernel: String, by call: LoadCall) -> String {
  "kexec \(call.rawValue) -l \(kernel) --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"
}
