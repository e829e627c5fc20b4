internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

/// `kexec report`: says how long the jump into this system took, from the stamps on its command line.
struct ReportCommand: WordCommand {
  typealias Key = CommonOption

  static let summary = "say how long the jump into this system took"

  let common: CommonValues
  let kernel: LinuxKernel

  func run() throws(CommandError) -> ExitCode {
    let machine = readMachine()
    guard let word = machine.commandLine.value(of: TimeStamps.name) else {
      throw CommandError(
        .noStamps, "no time stamps on this system's command line",
        advice: "load the next kernel with --stamp to have them there", exitCode: .usage)
    }
    guard let stamps = TimeStamps(word: word), stamps.entered > 0 else {
      throw CommandError(.badStamps, "\(TimeStamps.name)=\(word): these are no stamps of a jump")
    }
    let rate = kernel.clocks.countsPerNanosecond()
    guard
      let times = JumpTimes(
        stamps, now: kernel.clocks.timeStampCounter(), rate: rate,
        sinceBoot: kernel.clocks.sinceBoot(), start: LoadRecords(files: kernel.files).jumpTime,
        initStart: kernel.log.timeOfMessage("Run "))
    else {
      throw CommandError(
        .counterSetBack,
        "the time stamp counter has been set back since the load: no times can be told")
    }
    print(times.text, json: times.json)
    return .success
  }
}

extension ReportCommand {
  init(
    _ values: CommonValues, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    try CommandWord.report.expectNone(arguments)
    if let directory = values.machineDirectory {
      throw .usage(
        "--machine=\(directory): another machine's clocks cannot be read",
        of: CommandWord.report.name)
    }
    self.init(common: values, kernel: kernel)
  }
}

/// How long the parts of a jump took, in nanoseconds.
struct JumpTimes {
  /// From `kexec -e` to the purgatory; nil when it was not written down, as after `systemctl kexec`.
  let shutdown: UInt64?
  /// The purgatory's check of the segments.
  let check: UInt64
  /// From the purgatory's end to the next kernel's first moment.
  let kernelStart: UInt64
  /// From there to the start of init; nil when the kernel's log has forgotten it.
  let kernelToInit: UInt64?

  /// Works the times out from the time stamp counter, which goes on through the jump; the wall
  /// clock of the new system may be seconds off. Nil when the counter makes no sense.
  ///
  /// - Parameters:
  ///   - stamps: the stamps of the jump.
  ///   - now: the time stamp counter.
  ///   - rate: its counts in a nanosecond.
  ///   - sinceBoot: the age of the running kernel, in nanoseconds.
  ///   - start: the old system's wall clock when `kexec -e` began, if known.
  ///   - initStart: the age of the running kernel when it started init, if known.
  init?(
    _ stamps: TimeStamps, now: UInt64, rate: Double, sinceBoot: UInt64, start: UInt64?,
    initStart: UInt64?
  ) {
    guard now > stamps.checked, stamps.checked >= stamps.entered, stamps.entered > stamps.loaded,
      rate > 0
    else { return nil }
    func nanoseconds(_ counts: UInt64) -> UInt64 { UInt64(Double(counts) / rate) }
    check = nanoseconds(stamps.checked - stamps.entered)
    let sinceCheck = nanoseconds(now - stamps.checked)
    kernelStart = sinceCheck > sinceBoot ? sinceCheck - sinceBoot : 0
    kernelToInit = initStart
    shutdown = start.flatMap { start in
      // A note of another jump is older than this load, or younger than its end.
      let untilEntered = nanoseconds(stamps.entered - stamps.loaded)
      guard start >= stamps.wallClock, start - stamps.wallClock <= untilEntered else { return nil }
      return untilEntered - (start - stamps.wallClock)
    }
  }

  var text: String {
    [
      row("shutdown", shutdown, "from kexec -e to the end of the old kernel"),
      row("check", check, "of the pieces, between the kernels"),
      row("kernel start", kernelStart, "until the new kernel's clock runs"),
      row("kernel", kernelToInit, "from there to init"),
    ].joined(separator: "\n") + "\n"
  }

  var json: JSON {
    .document([
      ("shutdownNanoseconds", .optional(shutdown)),
      ("checkNanoseconds", .number(check)),
      ("kernelStartNanoseconds", .number(kernelStart)),
      ("kernelToInitNanoseconds", .optional(kernelToInit)),
    ])
  }

  private func row(_ name: String, _ time: UInt64?, _ meaning: String) -> String {
    let value = time.map { "\($0 / 1_000_000_000).\(Self.milliseconds($0)) s" } ?? "unknown"
    return name + String(repeating: " ", count: 14 - name.count)
      + String(repeating: " ", count: max(0, 10 - value.count)) + value + "  " + meaning
  }

  private static func milliseconds(_ time: UInt64) -> String {
    let digits = String(time / 1_000_000 % 1000)
    return String(repeating: "0", count: 3 - digits.count) + digits
  }
}
