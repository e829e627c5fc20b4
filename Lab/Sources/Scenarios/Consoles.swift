import LabKit

/// Where the next kernel writes, and what runs before it.
let consoles: [Scenario] =
  LoadCall.allCases.map { call in
    Scenario("--reuse-console: the console stays on ttyS1 at 57600, \(call.name)") { lab in
      let guest = try await lab.boot(.debian6_1, carrying: [.lab], isConsoleSecond: true)
      try await guest.load(
        .lab, by: call, commandLine: Lab.agentOnFirstPort,
        options: call == .classic ? "--reuse-console --console-serial" : "--reuse-console")

      // The agent is on the first port: what the console says comes over the second.
      let next = try await guest.jump()
      try next.mustBe(.lab)
      try await next.mustSay("57600", when: speed)
      try await next.run("grep -q '^ttyS1 .*(EC' /proc/consoles; echo 'lab says hello' >/dev/kmsg")
      try await next.waitForConsole(oneOf: ["lab says hello"])
      if call == .classic { try await next.waitForConsole(oneOf: ["purgatory"]) }
    }
    .extra(if: call == .file)
  } + [
    Scenario("--reuse-console: the rate is the one that is set now") { lab in
      let guest = try await lab.boot(.debian6_1, carrying: [.lab], isConsoleSecond: true)
      let plan =
        "kexec -l \(Kernel.lab.path) --dry-run --json --append=quiet --reuse-console"
      try await guest.run("stty -F /dev/ttyS1 38400")
      try await guest.run("\(plan) | grep '\"commandLine\": \"console=ttyS1,38400n8 quiet\"'")
      // What the new command line says of the same driver stays.
      try await guest.run(
        "\(plan) --append=console=ttyS0 | grep '\"commandLine\": \"quiet console=ttyS0\"'")
    }
  ]

private let speed = "stty -F /dev/ttyS1 | sed -n 's/^speed \\([0-9]*\\) .*/\\1/p'"
