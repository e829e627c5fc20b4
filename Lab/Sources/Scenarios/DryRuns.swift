import LabKit

/// Whether the program does what its dry run says.
let dryRuns: [Scenario] =
  [
    Scenario("a dry run is what is then loaded, and where the next kernel finds it") { lab in
      let guest = try await lab.boot(.debian6_1, carrying: [.lab])
      try await guest.skipUnlessOffered("--dry-run")
      let plan = try await guest.run("\(load(by: .classic)) --dry-run --debug").text
      let json = try await guest.run("\(load(by: .classic)) --dry-run --json").text
      let output = try await guest.run("\(load(by: .classic)) --debug")
      let lines = plan.split(separator: "\n").filter { line in
        // What only a dry run says, and what is new each time.
        !["Ready", "  memory", "  allowed"].contains { line.hasPrefix($0) }
      }
      // Columns are as wide as what stands in them.
      func words(_ text: String) -> String { text.filter { $0 != " " } }
      try expect(
        lines.count > 10
          && words(output.errors).contains(words(lines.joined(separator: "\n"))),
        "planned\n\(plan)\nbut loaded\n\(output.errors)")

      let next = try await guest.jump()
      let initrd = try LoadReport(json).segment("initrd")
      try next.mustHaveLogged("RAMDISK: [mem 0x\(initrd.firstByte)-0x\(initrd.lastByte)]")
    }
  ]
  + LoadCall.allCases.map { call in
    Scenario("a dry run touches nothing and repeats itself, \(call.name)") { lab in
      let guest = try await lab.boot(.debian6_1, carrying: [.lab])
      try await guest.skipUnlessOffered("--dry-run")
      let report = try await guest.run("\(load(by: call)) --dry-run --json").text
      try expect(
        try LoadReport(report).systemCall == call.name, "another call is planned: \(report)")
      try await guest.mustSay(report, when: "\(load(by: call)) --dry-run --json")
      try await guest.mustHaveLoaded(false)
    }
    .extra(if: call == .file)
  }

/// With nokaslr, because every run draws a new random address.
private func load(by call: LoadCall) -> String {
  "kexec \(call.rawValue) -l \(Kernel.lab.path) --initrd=/boot/initrd"
    + " --command-line='\(Lab.commandLine) nokaslr'"
}
