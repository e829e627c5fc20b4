import LabKit

/// Loading, status and unloading; nothing is started.
let loading: [Scenario] = LoadCall.allCases.flatMap { call in
  [statusAndUnload(by: call).extra(if: call == .file), replacing(by: call).extra]
}

private func statusAndUnload(by call: LoadCall) -> Scenario {
  .core("status and unload, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    try await guest.mustHaveLoaded(false)
    try await guest.load(.lab, by: call)
    try await guest.mustHaveLoaded(true)
    if lab.tool.isOurs {
      try await guest.run("kexec status | grep -x 'kernel: loaded'")
      try await guest.mustTell(of: .lab, loadedBy: call)
    }

    try await guest.run("kexec \(call.rawValue) -u")
    try await guest.mustHaveLoaded(false)
    try await guest.run("kexec \(call.rawValue) -u")
    try await guest.run("kexec -e", exits: 1)
  }
}

private func replacing(by call: LoadCall) -> Scenario {
  .core("a second load replaces the first, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.debian6_1, .lab])
    try await guest.load(.debian6_1, by: call)
    try await guest.load(.lab, by: call)
    try await guest.jump().mustBe(.lab)
  }
}

extension Guest {
  /// Fails unless the status and the kernel's log say which kernel was loaded. After another
  /// program has unloaded it, the status must not say so any more.
  fileprivate func mustTell(of kernel: Kernel, loadedBy call: LoadCall) async throws {
    let status = try await run("kexec status").text
    for line in [
      "\nloaded kernel: recorded by kexec at 2", "\n  file          \(kernel.path)\n",
      "\n  system call   \(call.name)\n", "-lab\n", "\nloading: allowed",
    ] {
      try expect(status.contains(line), "the status has no \(line): \(status)")
    }
    let log = "kexec: loaded .*-lab (\(kernel.path)) by \(call.name); by user 0, called by"
    try await run("dmesg | grep '\(log)'")
    try await run(
      "mv /run/kexec-loaded /run/other; kexec status | grep '^loaded kernel: unknown: '")
    // Simulates that another program unloaded it: then the record must be removed.
    try await run("kexec -u && mv /run/other /run/kexec-loaded && ! kexec status | grep recorded")
    try await run("! ls /run/kexec-loaded && dmesg | grep 'kexec: unloaded the kernel; by user 0'")
    try await load(kernel, by: call)
  }
}
