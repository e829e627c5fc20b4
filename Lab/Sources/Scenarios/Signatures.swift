import LabKit

/// A kernel that requires other kernels to be signed: the lab's own.
let signatures: [Scenario] = [
  Scenario("signatures: unsigned, unknown key, changed, right key; then under lockdown") { lab in
    let right = try lab.labKernel(signedBy: .right)
    var changed = right
    changed[changed.count / 2] ^= 1
    let guest = try await lab.boot(
      .lab, memory: 768, carrying: [.lab, .debian6_12],
      files: [
        "boot/right": right, "boot/changed": changed,
        "boot/wrong": lab.labKernel(signedBy: .wrong),
      ])
    // Without lockdown the kernel does not check what kexec_load loads.
    try await guest.run("kexec -c -l /boot/lab --initrd=/boot/initrd && kexec -u")
    try await guest.mustRefuseImages(by: "kexec -s")

    try await guest.run("echo integrity >/sys/kernel/security/lockdown")
    try await guest.mustRefuse(
      "kexec -c -l /boot/lab --initrd=/boot/initrd", saying: "allows only signed kernels")
    try await guest.mustRefuseImages(by: "kexec")
    try await guest.run(
      "kexec -l /boot/right --initrd=/boot/initrd --command-line='\(Lab.commandLine) lab.signed'")
    let next = try await guest.jump()
    try next.mustBe(.lab)
    try await next.run("grep -w lab.signed /proc/cmdline")
  },

  .core("under lockdown: a signed kernel is loaded, with no word about the call") { lab in
    let guest = try await lab.bootLockedDown()
    try await guest.run("kexec -l \(signedKernel)")
    try await guest.mustHaveLoaded(true)
  },

  // As kdump-config does where Secure Boot is off.
  .core("under lockdown: what is loaded is freed again") { lab in
    let guest = try await lab.bootLockedDown()
    try await guest.run("kexec -s -l \(signedKernel) && kexec -u")
    try await guest.mustHaveLoaded(false)
    try await guest.run("kexec -s -p \(signedKernel) && kexec -p -u")
    try await guest.mustSay("0", when: "cat /sys/kernel/kexec_crash_loaded")
  },
]

private let signedKernel =
  "/boot/right --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"

extension Lab {
  /// The lab's kernel under lockdown, with a kernel that it accepts in /boot/right.
  fileprivate func bootLockedDown() async throws -> Guest {
    try await boot(
      .lab, memory: 768, commandLine: "lockdown=integrity crashkernel=192M", carrying: [.lab],
      files: ["boot/right": labKernel(signedBy: .right)])
  }
}

extension Guest {
  /// Fails unless each image that the lab's kernel must not accept is refused for its own reason.
  fileprivate func mustRefuseImages(by program: String) async throws {
    let faults = [
      "lab": "the image has no signature",
      "wrong": "signed by a key that the running kernel does not have",
      // Signed by Debian.
      "6.12": "signed by a key that the running kernel does not have",
      "changed": "the signature does not match the image",
    ]
    for (image, fault) in faults.sorted(by: { $0.key < $1.key }) {
      try await mustRefuse("\(program) -l /boot/\(image) --initrd=/boot/initrd", saying: fault)
    }
  }
}
