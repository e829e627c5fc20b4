internal import ByteCoding
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
        .noStamps, "this system's command line has no time stamps",
        advice: "load the next kernel with --stamp to get them", exitCode: .usage)
    }
    guard let stamps = TimeStamps(word: word), stamps.entered > 0 else {
      throw CommandError(
        .badStamps, "\(TimeStamps.name)=\(word): these are not the time stamps of a jump")
    }
    let files = machineFiles
    let isHere = common.machineDirectory == nil
    guard
      let times = JumpTimes(
        stamps, rate: isHere ? kernel.clocks.countsPerNanosecond() : files.loggedCounterRate,
        clocks: isHere ? (kernel.clocks.timeStampCounter(), kernel.clocks.sinceBoot()) : nil,
        start: LoadRecords(files: files).jumpTime,
        initStart: isHere ? kernel.log.timeOfMessage("Run ") : files.loggedTime(of: "Run "))
    else {
      throw CommandError(
        .counterSetBack,
        "the time stamp counter was reset after the load, so no times are known")
    }
    try print(times.text(on: kernel.outputTerminal), json: times.json)
    return .success
  }
}

extension ReportCommand {
  init(
    _ values: CommonValues, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    try CommandWord.report.expectNone(arguments)
    self.init(common: values, kernel: kernel)
  }
}

/// How long the parts of a jump took, in nanoseconds.
struct JumpTimes {
  /// From `kexec -e` to the purgatory; nil when it was not written down, as after `systemctl kexec`.
  let shutdown: UInt64?
  /// The purgatory's check of the segments; nil when it is not known how fast the counter counts.
  let check: UInt64?
  /// From the purgatory's end to the next kernel's first moment; nil without that machine's clocks.
  let kernelStart: UInt64?
  /// From there to the start of init; nil when the kernel's log has forgotten it.
  let kernelToInit: UInt64?

  /// Works the times out from the time stamp counter, which goes on through the jump; the wall
  /// clock of the new system may be seconds off. Nil when the counter makes no sense. All of it must be
  /// of one machine.
  ///
  /// - Parameters:
  ///   - stamps: the stamps of the jump.
  ///   - rate: counts of the time stamp counter in a nanosecond, if known.
  ///   - clocks: the time stamp counter now, and the age of the running kernel in nanoseconds; nil for a
  ///     captured machine, whose clocks nobody can read any more.
  ///   - start: the old system's wall clock when `kexec -e` began, if known.
  ///   - initStart: the age of the running kernel when it started init, if known.
  init?(
    _ stamps: TimeStamps, rate: Double?, clocks: (now: UInt64, sinceBoot: UInt64)?, start: UInt64?,
    initStart: UInt64?
  ) {
    guard stamps.checked >= stamps.entered, stamps.entered > stamps.loaded,
      clocks.map({ $0.now > stamps.checked }) ?? true, (rate ?? 1) > 0
    else { return nil }
    kernelToInit = initStart
    guard let rate else {
      (shutdown, check, kernelStart) = (nil, nil, nil)
      return
    }
    func nanoseconds(_ counts: UInt64) -> UInt64 { UInt64(min(Double(counts) / rate, 0x1p62)) }
    check = nanoseconds(stamps.checked - stamps.entered)
    kernelStart = clocks.map { now, sinceBoot in
      let sinceCheck = nanoseconds(now - stamps.checked)
      return sinceCheck > sinceBoot ? sinceCheck - sinceBoot : 0
    }
    shutdown = start.flatMap { start in
      // A note of another jump is older than this load, or younger than its end.
      let untilEntered = nanoseconds(stamps.entered - stamps.loaded)
      guard start >= stamps.wallClock, start - stamps.wallClock <= untilEntered else { return nil }
      return untilEntered - (start - stamps.wallClock)
    }
  }

  func text(on terminal: Terminal) -> String {
    func row(_ name: String, _ time: UInt64?, _ meaning: String) -> String {
      let value = time.map { "\($0 / 1_000_000_000).\(Self.milliseconds($0)) s" } ?? "unknown"
      return terminal.row(
        name.padded(to: 14) + value.rightAligned(to: 10) + "  ", meaning, column: 26)
    }
    return row("shutdown", shutdown, "from kexec -e to the end of the old kernel")
      + row("check", check, "of the segments, between the kernels")
      + row("kernel start", kernelStart, "until the new kernel's clock runs")
      + row("kernel", kernelToInit, "from there to init")
  }

  var json: JSON {
    .document([
      ("shutdownNanoseconds", .optional(shutdown)),
      ("checkNanoseconds", .optional(check)),
      ("kernelStartNanoseconds", .optional(kernelStart)),
      ("kernelToInitNanoseconds", .optional(kernelToInit)),
    ])
  }

  private static func milliseconds(_ time: UInt64) -> String {
    let digits = String(time / 1_000_000 % 1000)
    return String(repeating: "0", count: 3 - digits.count) + digits
  }
}

extension FileTree {
  /// Counts of the time stamp counter in a nanosecond, as the log of a captured machine's kernel has it:
  /// "tsc: Refined TSC clocksource calibration: 2995.200 MHz", or else "tsc: Detected 2995.200 MHz
  /// processor". Nil when it has neither.
  var loggedCounterRate: Double? {
    for start in ["tsc: Refined TSC clocksource calibration: ", "tsc: Detected "] {
      let words = kernelMessage { $0.holds(start) }?[...].parts(0x20) ?? []
      if let unit = words.lastIndex(of: "MHz"), unit > 0, let kilohertz = words[unit - 1].digits {
        return Double(kilohertz) / 1_000_000
      }
    }
    return nil
  }

  /// When the kernel of a captured machine wrote the first message that starts with `start`, in
  /// nanoseconds since it started; nil when its log does not have it, or not when. Lines of the log are
  /// as `dmesg` has them, "[    2.345678] Run /init", or as the kernel, "6,123,2345678,-;Run /init".
  func loggedTime(of start: String) -> UInt64? {
    guard let line = kernelMessage(where: { $0.holds("] " + start) || $0.holds(";" + start) })
    else {
      return nil
    }
    let fields = line[...].parts(0x2C)
    let time = line.hasPrefix("[") ? line.prefix { $0 != "]" } : fields.count > 2 ? fields[2] : ""
    return time.digits.flatMap { $0 < (1 << 52) ? $0 * 1000 : nil }
  }
}

extension Substring {
  /// The number that its digits make, whatever stands between them; nil without any.
  fileprivate var digits: UInt64? {
    var number: UInt64?
    for byte in utf8 where byte >= 0x30 && byte <= 0x39 {
      guard (number ?? 0) < (1 << 56) else { return nil }
      number = (number ?? 0) * 10 + UInt64(byte - 0x30)
    }
    return number
  }
}
