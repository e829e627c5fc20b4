import LabKit

/// A loaded image that changes before it is started.
let tampering: [Scenario] = [
  .core("a changed byte: the purgatory reports it and the firmware boots again") { lab in
    // The next initrd holds a pattern that is nowhere else, so that it can be found in the memory.
    let pattern = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
    let guest = try await lab.boot(
      .debian6_1, memory: 512, carrying: [.debian6_12],
      nextFiles: ["pattern": Array(repeatElement(pattern, count: 256).joined())],
      mayReset: true, sharesMemory: true)
    try await guest.load(.debian6_12, by: .classic)
    let count = try guest.changeMemory(wherever: pattern)
    try expect(count > 0, "the loaded initrd is not in the guest's memory")

    let again = try await guest.jump(within: .seconds(45))
    try again.mustBe(.debian6_1)
    try await guest.waitForConsole(oneOf: ["digest", "sha256"])
  }
]
