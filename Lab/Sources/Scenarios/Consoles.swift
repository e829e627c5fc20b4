import LabKit

/// Where the next kernel and the code before it print.
let consoles: [Scenario] =
  LoadCall.allCases.map { call in
    Scenario("--reuse-console: the console stays on ttyS1 at 57600, \(call.name)") { lab in
      let guest = try await lab.boot(.debian6_1, carrying: [.lab], isConsoleSecond: true)
      try await guest.load(
        .lab, by: call, commandLine: Lab.agentOnFirstPort,
        options: call == .classic ? "--reuse-console --console-serial" : "--reuse-console")

      // The agent is on the first port: the console's output comes over the second.
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
      // A console= of the same driver in the new command line has precedence.
      try await guest.run(
        "\(plan) --append=console=ttyS0 | grep '\"commandLine\": \"quiet console=ttyS0\"'")
    },
    Scenario("a kernel that panics before its console says nothing, and with --early-output why") {
      lab in
      // The running kernel is the lab's own, too, which requires signatures.
      let files = ["boot/signed": try lab.labKernel(signedBy: .right)]
      let load = "kexec -s -l /boot/signed --initrd=/boot/initrd --command-line='\(panicking)'"
      let silent = try await lab.boot(
        .lab, memory: 256, carrying: [.lab], files: files, sharesMemory: true)
      try await silent.run(load)
      let said = try await silent.jump(sayingInMemory: panic)
      try expect(!said.contains("Linux version"), "it was not silent: \(said)")

      let guest = try await lab.boot(.lab, memory: 256, carrying: [.lab], files: files)
      try await guest.run(load + " --early-output")
      try await guest.jump(sayingOnConsole: ["earlycon: uart8250 at I/O port 0x3f8", panic])
    },
  ]

/// With so little memory the kernel panics before it has a console, and before it reads `panic=`:
/// there is no memory for its initrd.
private let panicking = "console=ttyS0,115200 no_timer_check mem=4M"

private let panic = "Kernel panic - not syncing: Cannot find place for new RAMDISK"

private let speed = "stty -F /dev/ttyS1 | sed -n 's/^speed \\([0-9]*\\) .*/\\1/p'"
