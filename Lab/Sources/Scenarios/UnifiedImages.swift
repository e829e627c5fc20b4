import LabKit

/// Unified kernel images, made by the usual programs.
let unifiedImages: [Scenario] = [
  Scenario("UKI by ukify, all sections, kexec_load: they are all used") { lab in
    try await startWhole(
      .debian6_12, UnifiedImage(.debian6_12, by: .ukify), by: .classic, in: lab)
  },
  Scenario("UKI by objcopy, all sections, signed, kexec_file_load: they are all used") { lab in
    try await startWhole(
      .lab, UnifiedImage(.lab, by: .objcopy, isSigned: true), by: .file, in: lab)
  }.extra,
  compressedKernel.extra, userWins.extra, signatureInside, signedKernelInside, badImages,
]

private let words = "\(Lab.commandLine) lab.source=image"

/// Loads an image by its name alone, and checks what the next system got.
private func startWhole(
  _ kernel: Kernel, _ plain: UnifiedImage, by call: LoadCall, in lab: Lab
) async throws {
  var image = plain
  image.sections = [
    ".cmdline": Array(words.utf8), ".initrd": try lab.archive(),
    ".ucode": try Lab.smallArchive(["microcode": Array("seen\n".utf8)]),
    ".osrel": Array("ID=lab\nPRETTY_NAME=\"The Lab 7\"\n".utf8), ".uname": Array("6.12-lab".utf8),
    ".profile": Array("ID=main".utf8),
  ]
  let guest = try await lab.boot(.debian6_1, files: ["boot/uki.efi": lab.make(image)])
  let load = "kexec \(call.rawValue) -l /boot/uki.efi"
  let plan = try await guest.run("\(load) --dry-run").text
  for text in ["The Lab 7", "6.12-lab", ".ucode", call.name] {
    try expect(plan.contains(text), "the plan says nothing of \(text): \(plan)")
  }
  if call == .classic { try await guest.mustNote("unpacked", when: load) }
  try await guest.run(load)

  let next = try await guest.jump()
  try next.mustBe(kernel)
  try await next.mustSay(words, when: "cat /proc/cmdline")
  try await next.mustSay("seen", when: "cat /microcode")
}

private let compressedKernel = Scenario(
  "UKI whose kernel is compressed as a whole, by each call"
) { lab in
  let image = UnifiedImage(
    .lab, by: .objcopy,
    sections: [".cmdline": Array(words.utf8), ".initrd": try lab.archive()])
  let packed = try Compressor.gzip.compress(lab.file(of: .lab))
  let guest = try await lab.boot(
    .debian6_1, files: ["boot/uki.efi": lab.make(image, of: packed)])
  try await guest.run("kexec -s -l /boot/uki.efi")
  try await guest.mustHaveLoaded(true)
  try await guest.run("kexec -u")
  try await guest.mustNote(
    "fileUnpacked", about: ".linux is compressed as a whole (gzip)",
    when: "kexec -c -l /boot/uki.efi --type=uki")
  try await guest.run("kexec -c -l /boot/uki.efi --type=uki")
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.mustSay(words, when: "cat /proc/cmdline")
}

private let userWins = Scenario("UKI: what the user gives wins, by the default call, UEFI") { lab in
  let sections = [".cmdline": Array("rdinit=/none".utf8), ".initrd": Array("no archive".utf8)]
  let full = UnifiedImage(.lab, by: .ukify, sections: sections)
  let guest = try await lab.boot(
    .debian6_1, firmware: .uefi, carrying: [.lab], files: ["boot/uki.efi": lab.make(full)])
  let load = "kexec -l /boot/uki.efi --initrd=/boot/initrd"
  try await guest.mustNote(
    "sectionReplaced", about: "--reuse-cmdline", when: "\(load) --reuse-cmdline")
  try await guest.mustNote("sectionReplaced", about: "--initrd", when: load)
  try await guest.run("\(load) --command-line='\(Lab.commandLine)' --append=lab.source=user")

  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.mustSay("\(Lab.commandLine) lab.source=user", when: "cat /proc/cmdline")
  try await next.run("ls /sys/firmware/efi/efivars/BootOrder-*")
}

private let signatureInside = Scenario(
  "UKI under lockdown: refused, and the message says which signature counts"
) { lab in
  let image = UnifiedImage(.lab, by: .ukify, isSigned: true)
  let guest = try await lab.boot(
    .debian6_1, commandLine: "lockdown=integrity", files: ["boot/uki.efi": lab.make(image)])
  for options in ["", "-s"] {
    try await guest.mustRefuse(
      "kexec \(options) -l /boot/uki.efi", saying: ".linux needs its own signature")
  }
  try await guest.mustRefuse("kexec -c -l /boot/uki.efi", saying: "allows only signed kernels")
}

/// The lab's own kernel knows the key of the first of these, but not that of the second.
private let signedKernelInside = Scenario(
  "UKI under lockdown: loaded when the kernel inside is signed by a key that is trusted"
) { lab in
  let image = UnifiedImage(
    .lab, by: .ukify,
    sections: [".cmdline": Array(words.utf8), ".initrd": try lab.archive()])
  let guest = try await lab.boot(
    .lab, memory: 768, commandLine: "lockdown=integrity",
    files: [
      "boot/right.efi": lab.make(image, of: lab.labKernel(signedBy: .right)),
      "boot/wrong.efi": lab.make(image, of: lab.labKernel(signedBy: .wrong)),
    ])
  try await guest.mustRefuse(
    "kexec -l /boot/wrong.efi", saying: "signed by a key that the running kernel does not have")
  try await guest.run("kexec -l /boot/right.efi")
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.mustSay(words, when: "cat /proc/cmdline")
}

private let badImages = Scenario("UKI cut off, damaged, or without a kernel: nothing is loaded") {
  lab in
  let image = try lab.make(
    UnifiedImage(.lab, by: .objcopy, sections: [".cmdline": Array(words.utf8)]))
  let guest = try await lab.boot(.debian6_1, files: ["boot/uki.efi": image])
  for call in LoadCall.allCases {
    for length in [64, 600, 100_000, image.count - 1_000_000] {
      try await guest.run("head -c \(length) /boot/uki.efi >/run/short.efi")
      try await guest.mustRefuse("kexec \(call.rawValue) -l /run/short.efi", saying: "short.efi")
    }
  }
  try await guest.mustRefuse("kexec -l /run/short.efi", saying: "section .linux")
  // The name of the section with the kernel, in the section table.
  try await guest.run("sed 's/[.]linux/.minix/' /boot/uki.efi >/run/other.efi")
  try await guest.mustRefuse("kexec -l /run/other.efi", saying: "no section .linux")
}
