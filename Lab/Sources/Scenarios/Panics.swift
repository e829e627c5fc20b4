import LabKit

/// Kernels panic for several reasons, and the report says of each what the guest itself knew.
let panics: [Scenario] =
  [Kernel.debian6_1, .debian6_12].flatMap { kernel in
    [
      nullPointer(on: kernel), interruptsOff(on: kernel), insideNMI(on: kernel),
      softLockup(on: kernel), hungTask(on: kernel),
    ]
  }
  + [Kernel.debian6_1, .debian6_12, .newest].flatMap { kernel in
    [sysrq(on: kernel), unknownNMI(on: kernel), noMemory(on: kernel)]
  }

/// A scenario with `kernel`, which runs only with --all: an ordinary run has other panics.
private func panic(
  _ kernel: Kernel, _ name: String, withModule: Bool = true,
  _ story: @escaping @Sendable (CrashingGuest) async throws -> Void
) -> Scenario {
  Scenario("kexec dump report of \(kernel.rawValue): \(name)") { lab in
    try await story(CrashingGuest(lab, kernel, withModule: withModule))
  }.extra
}

private func nullPointer(on kernel: Kernel) -> Scenario {
  panic(kernel, "a NULL pointer in a module, on processor 1") { crashing in
    let culprit = try await crashing.process(
      "lab PID: 7", on: 1,
      doing: "echo 1 >/proc/sys/kernel/panic_on_oops; echo null >/proc/lab_crash")
    let found = try await crashing.crash(by: culprit.start)
    // An oops starts the crash kernel before it becomes a panic.
    try found.mustBe(
      "NULL deref", panic: nil,
      reason: "BUG: kernel NULL pointer dereference, address: 0000000000000000")
    try found.mustName(culprit)
    try found.mustBeIn("lab_crash_null")
    try expect(found.report.oopses == 1, "there are \(found.report.oopses) oopses")
    try found.mustHaveLeft(processors: 2)
    try found.mustHaveLeftKnownRegisters(1, of: culprit, in: "lab_crash_null")
  }
}

/// A processor that takes no interrupts still takes an NMI, by which it is told to leave its registers.
private func interruptsOff(on kernel: Kernel) -> Scenario {
  panic(kernel, "a panic on processor 0, while interrupts are off on 1") { crashing in
    let other = try await crashing.process(
      "lab: silent [1]", on: 1, doing: "echo silent >/proc/lab_crash")
    let culprit = try await crashing.process(
      "a Not tainted b", on: 0, doing: "echo panic >/proc/lab_crash")
    try await crashing.guest.run(culprit.start)
    let found = try await crashing.crash(by: other.start)
    try found.mustBePanicOfModule(by: culprit)
    try found.mustHaveLeft(processors: 2)
    try found.mustHaveLeft(0, of: culprit)
    try found.mustHaveLeftKnownRegisters(1, of: other, in: "lab_crash_silent")
    let flags = try found.report.processors[1].register("eflags")
    try expect(flags & 0x200 == 0, "interrupts were on: \(String(flags, radix: 16))")
  }
}

private func insideNMI(on kernel: Kernel) -> Scenario {
  panic(kernel, "a panic on processor 1, while 0 is inside an NMI") { crashing in
    let culprit = try await crashing.process(
      "a Not tainted b", on: 1, doing: "echo panic >/proc/lab_crash")
    try await crashing.guest.run("echo trap 0 >/proc/lab_crash")
    try await crashing.guest.run(culprit.start)
    let found = try await crashing.crash(by: nil)
    try found.mustBePanicOfModule(by: culprit)
    try found.mustHaveLeft(processors: 1)
    try found.mustHaveLeft(0, of: culprit)
  }
}

private func softLockup(on kernel: Kernel) -> Scenario {
  panic(kernel, "a soft lockup in a module") { crashing in
    // Nobody else can be too slow for the watchdog: it is on this processor only, and panics from now on.
    try await crashing.guest.run(
      "cd /proc/sys/kernel; echo 1 >watchdog_thresh; echo 1 >watchdog_cpumask")
    let culprit = try await crashing.process(
      "lab: busy [1]", on: 1,
      doing: "echo 1 >/proc/sys/kernel/softlockup_panic; echo busy >/proc/lab_crash")
    let found = try await crashing.crash(by: culprit.start)
    let reason = found.report.bug ?? ""
    let start = "BUG: soft lockup - CPU#1 stuck for "
    try expect(
      reason.hasPrefix(start) && reason.hasSuffix("s! [\(culprit.name):\(culprit.number)]"),
      "the reason is \(reason)")
    try found.mustBe("soft lockup", panic: "softlockup: hung tasks", reason: reason)
    try found.mustName(culprit)
    try found.mustBeIn("lab_crash_busy")
    try found.mustHaveLeft(processors: 2)
    try expect(found.report.processors[1].task == culprit.number, "another task was on it")
  }
}

private func hungTask(on kernel: Kernel) -> Scenario {
  panic(kernel, "a hung task in a module") { crashing in
    let khungtaskd = Int(try await crashing.guest.run("pidof khungtaskd").text) ?? 0
    try await crashing.guest.run("echo 10 >/proc/sys/kernel/hung_task_timeout_secs")
    let culprit = try await crashing.process(
      "lab: hung: [1]", on: 1,
      doing: "echo 1 >/proc/sys/kernel/hung_task_panic; echo sleep >/proc/lab_crash")
    let found = try await crashing.crash(by: culprit.start)
    let task = "\(culprit.name):\(culprit.number)"
    let reason = found.report.bug ?? ""
    try expect(
      reason.hasPrefix("INFO: task \(task) blocked for more than 1"), "the reason is \(reason)")
    let said = try found.mustBe(
      "hung task", panic: "hung_task: blocked tasks", reason: reason)
    try expect(found.report.blockedTask == task, "it was \(found.report.blockedTask ?? "nobody")")
    try found.mustNameTask(from: said)
    try expect(
      found.report.comm == "khungtaskd" && found.report.pid == khungtaskd,
      "\(found.report.comm ?? "nobody") found it")
    try found.mustHaveLeft(processors: 2)
  }
}

/// After an NMI that the kernel survives, which is not the reason.
private func sysrq(on kernel: Kernel) -> Scenario {
  panic(kernel, "SysRq, after an NMI that the kernel has survived", withModule: false) { crashing in
    _ = try await crashing.surviveNMI()
    let culprit = try await crashing.process(
      "sh Comm: sh", on: 1, doing: "echo c >/proc/sysrq-trigger")
    let found = try await crashing.crash(by: culprit.start)
    try found.mustBe(
      "sysrq", panic: "sysrq triggered crash", reason: nil, from: "sysrq: Trigger a crash")
    try found.mustName(culprit)
    try found.mustHaveLeft(processors: 2)
    try expect(found.report.processors[1].task == culprit.number, "another task was on it")
  }
}

private func unknownNMI(on kernel: Kernel) -> Scenario {
  panic(kernel, "an NMI, after one that the kernel has survived", withModule: false) { crashing in
    let survived = try await crashing.surviveNMI()
    try await crashing.guest.run("echo 1 >/proc/sys/kernel/unknown_nmi_panic")
    let found = try await crashing.crash(
      by: nil, lastWords: "Kernel panic - not syncing: NMI: Not continuing")
    let reason = found.report.bug ?? ""
    try expect(reason.hasPrefix("Uhhuh. NMI received for unknown reason "), "it is \(reason)")
    let time = found.report.uptimeMicroseconds ?? 0
    try expect(time > survived, "the NMI at \(time) is not after the one before \(survived)")
    let said = try found.mustBe("unknown NMI", panic: "NMI: Not continuing", reason: reason)
    try found.mustNameTask(from: said)
    try expect(found.report.cpu == 0, "only processor 0 takes such an NMI")
    try found.mustHaveLeft(processors: 2)
  }
}

private func noMemory(on kernel: Kernel) -> Scenario {
  panic(kernel, "no memory", withModule: false) { crashing in
    try await crashing.guest.run("echo 1 >/proc/sys/vm/panic_on_oom; rm -f /run/*")
    let found = try await crashing.crash(by: "head -c 2048m /dev/zero | tail >/dev/null")
    let panic = "Out of memory: system-wide panic_on_oom is enabled"
    let reason = found.report.bug ?? ""
    try expect(reason.contains(" invoked oom-killer: "), "the reason is \(reason)")
    let said = try found.mustBe("OOM", panic: panic, reason: reason)
    try found.mustNameTask(from: said)
    try found.mustHaveLeft(processors: 2)
  }
}

extension CrashingGuest {
  /// Sends an NMI that the kernel does not know, and survives.
  ///
  /// - Returns: when it said so, in microseconds.
  fileprivate func surviveNMI() async throws -> UInt64 {
    let start = guest.endOfConsole
    try await guest.sendNMI()
    let text = "Dazed and confused, but trying to continue"
    try await guest.waitForConsole(oneOf: [text], from: start)
    try await guest.run("dmesg | grep -q 'NMI received for unknown reason .* on CPU 0'")
    let line = guest.console(from: start).first { $0.contains(text) } ?? ""
    guard let time = line.firstMatch(of: #/([0-9]+)\.([0-9]{6})/#),
      let microseconds = UInt64(time.1 + time.2)
    else { throw Failure("the console said \(line)") }
    return microseconds
  }
}

extension CrashFindings {
  /// Fails unless the reason is the panic of lab_crash, in this process.
  fileprivate func mustBePanicOfModule(by process: CrashingGuest.Process) throws {
    try mustBe("panic", panic: "lab_crash: the other processor is silent", reason: nil)
    try mustName(process)
    let caller = report.caller ?? "unknown"
    try expect(caller.hasPrefix("lab_crash_panic"), "it was called by \(caller)")
    try mustHaveSaid(" \(caller) [lab_crash]")
    try expect(
      text.contains("  where             \(caller) in lab_crash, from the call trace\n"),
      "no place in \(text)")
  }

  /// Fails unless this many of the two processors have left registers, and the report says so.
  fileprivate func mustHaveLeft(processors count: Int) throws {
    try expect(
      report.processors.count == count && processorCount == count,
      "\(report.processors.count) processors are in the report, \(processorCount) in the dump")
    let says = text.contains("\n  processors        1 of 2 left registers\n")
    try expect(says == (count == 1), "of missing processors it says otherwise: \(text)")
  }
}
