import LabKit

/// Kernels that are not always here, which nobody has fitted this program to.
let otherKernels: [Scenario] = [Kernel.newest, .lab].map { kernel in
  Scenario("fast jump into a kernel not seen before: \(kernel.rawValue)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [kernel])
    let load =
      "kexec -c -l \(kernel.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"
    try await guest.mustNote("a fast jump", when: load)
    try await guest.run(load)

    let next = try await guest.jump()
    try next.mustBe(kernel)
    try next.mustNotHaveLogged("Decompressing Linux")
    let place = try await next.place()
    try expect(place.virtualShift != 0, "it runs where it was linked for")
  }
}
