import LabKit

/// Kernels that are not always available, and for which this program was not adapted.
let otherKernels: [Scenario] = [Kernel.newest, .lab].map { kernel in
  Scenario("fast jump into a kernel not seen before: \(kernel.rawValue)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [kernel])
    let load =
      "kexec -c --seed=\(lab.seed) -l \(kernel.path) --initrd=/boot/initrd"
      + " --command-line='\(Lab.commandLine)'"
    let plan = try await guest.plan(load, noting: "unpacked")
    try await guest.run(load)

    let next = try await guest.jump()
    try next.mustBe(kernel)
    try await next.mustRun(at: plan)
  }
}
