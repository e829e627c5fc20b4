import LabKit

/// What the program says that it would do.
let dryRuns: [Scenario] = LoadCall.allCases.map { call in
  Scenario("a dry run touches nothing and is what is then loaded, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.debian6_12])
    try await guest.skipUnlessOffered("--dry-run")
    let load = "kexec \(call.rawValue) -l \(Kernel.debian6_12.path) --initrd=/boot/initrd --json"

    let plan = try await guest.run("\(load) --dry-run").text
    try expect(plan.hasPrefix("{"), "the plan is not JSON: \(plan)")
    try await guest.mustHaveLoaded(false)
    try await guest.mustSay(plan, when: "\(load) --dry-run")

    let loaded = try await guest.run(load).text
    try await guest.mustHaveLoaded(true)
    try expect(try sameSegments(plan, loaded), "planned \(plan) but loaded \(loaded)")
  }
}
