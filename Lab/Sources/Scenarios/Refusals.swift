import LabKit

/// What the kernel forbids, and whether the program gives the cause.
let refusals: [Scenario] = [
  .core("not root") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    for call in LoadCall.allCases {
      try await guest.mustRefuse(
        "su nobody -c '\(load(by: call))'", saying: "kexec needs CAP_SYS_BOOT: run it as root",
        othersSay: "Operation not permitted")
    }
    // First the file is readable and the system call is refused; then the file is not readable.
    try await guest.run("chmod 600 \(Kernel.lab.path)")
    try await guest.mustRefuse(
      "su nobody -c '\(load(by: .classic)) --dry-run'",
      saying: "\"\(Kernel.lab.path)\": Permission denied", othersSay: "dry-run")
    try await guest.mustRefuse(
      "su nobody -c '\(load(by: .classic))'", saying: "run it as root",
      othersSay: "\(Kernel.lab.path)': Permission denied")
  },

  .core("kexec_load_disabled") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    try await guest.run("echo 1 >/proc/sys/kernel/kexec_load_disabled")
    for call in LoadCall.allCases {
      try await guest.mustRefuse(
        load(by: call), saying: "kernel.kexec_load_disabled is 1",
        othersSay: "Operation not permitted")
    }
  },

  .core("lockdown for integrity") { lab in
    let guest = try await lab.boot(
      .debian6_1, commandLine: "lockdown=integrity", carrying: [.lab])
    for call in LoadCall.allCases {
      try await guest.mustRefuse(
        load(by: call), saying: "lockdown (integrity) allows only signed kernels",
        othersSay: "Operation not permitted")
    }
  },

  Scenario("every refusal names its cause in one line and exits with 255") { lab in
    let guest = try await lab.boot(
      .debian6_1, commandLine: "lockdown=integrity", carrying: [.lab])
    try await guest.mustExplain(load(by: .classic), cause: "lockdown")
    try await guest.mustExplain("su nobody -c '\(load(by: .classic))'", cause: "root")
    try await guest.mustExplain("kexec -l /run/missing", cause: "/run/missing")
    try await guest.run("head -c 20480 \(Kernel.lab.path) >/run/short")
    try await guest.mustExplain("kexec -l /run/short", cause: "/run/short")
    try await guest.run("echo 1 >/proc/sys/kernel/kexec_load_disabled")
    try await guest.mustExplain(load(by: .classic), cause: "kexec_load_disabled")
    // A mistyped name must not be reported as a lack of permission.
    for user in ["sh", "su nobody"] {
      try await guest.mustExplain(
        "\(user) -c 'kexec -l /run/missing'", cause: "\"/run/missing\": No")
      try await guest.mustExplain("\(user) -c 'kexec -l /run/short'", cause: "truncated")
    }
  },
]

private func load(by call: LoadCall) -> String {
  "kexec \(call.rawValue) -l \(Kernel.lab.path) --initrd=/boot/initrd"
}

extension Guest {
  /// Runs a load that must exit with 255 and print `kexec: WHAT: WHY` that contains `cause`.
  fileprivate func mustExplain(
    _ command: String, cause: String, file: String = #fileID, line: Int = #line
  ) async throws {
    let errors = try await run(command, exits: 255, file: file, line: line).errors
    let first = errors.split(separator: "\n").first ?? ""
    try expect(
      first.hasPrefix("kexec: ") && errors.contains(cause),
      "\(command) said \"\(errors)\", nothing about \(cause)", file: file, line: line)
  }
}
