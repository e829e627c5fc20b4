import LabKit

/// Loading, looking and unloading; nothing is started.
let loading: [Scenario] = LoadCall.allCases.flatMap { call in
  [statusAndUnload(by: call), replacing(by: call).extra(if: call == .file)]
}

private func statusAndUnload(by call: LoadCall) -> Scenario {
  .core("status and unload, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    try await guest.mustHaveLoaded(false)
    try await guest.load(.lab, by: call)
    try await guest.mustHaveLoaded(true)
    if lab.tool.isOurs { try await guest.run("kexec status | grep -x 'kernel: loaded'") }

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
