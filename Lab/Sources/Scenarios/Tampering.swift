import LabKit

/// A loaded image that is changed before it is started.
let tampering: [Scenario] = [
  .core("a changed byte: the purgatory reports it and the firmware boots again") { lab in
    try await tamper(
      in: lab, options: "", reporting: ["komihash mismatch", "sha256 digests do not match"])
  },
  // komihash is the default, which the first scenario tests as well.
  Scenario("a changed byte is found by komihash") { lab in
    try await tamper(in: lab, options: "--digest=komihash", reporting: ["komihash mismatch"])
  }.extra,
  Scenario("a changed byte is found by SHA-256") { lab in
    try await tamper(in: lab, options: "--digest=sha256", reporting: ["SHA-256 mismatch"])
  },
]

private func tamper(in lab: Lab, options: String, reporting texts: [String]) async throws {
  // The next initrd contains a pattern that occurs nowhere else, so that it can be found in memory.
  let pattern = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
  let guest = try await lab.boot(
    .lab, memory: 512, carrying: [.lab],
    nextFiles: ["pattern": Array(repeatElement(pattern, count: 256).joined())],
    mayReset: true, sharesMemory: true)
  try await guest.load(.lab, by: .classic, options: options)
  let count = try guest.changeMemory(wherever: pattern)
  try expect(count > 0, "the loaded initrd is not in the guest's memory")

  let again = try await guest.jump()
  try again.mustBe(.lab)
  try await guest.waitForConsole(oneOf: texts)
}
