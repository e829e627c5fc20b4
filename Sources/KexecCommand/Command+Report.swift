internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

extension Command {
  /// Says how long the jump into this system took, from the stamps on its command line.
  func reportTimes() throws(CommandError) -> ExitCode {
    let machine = readMachine()
    guard let word = machine.commandLine.value(of: TimeStamps.name) else {
      throw CommandError(
        "no time stamps on this system's command line",
        advice: "load the next kernel with --stamp to have them there", exitCode: .usage)
    }
    guard let stamps = TimeStamps(word: word), stamps.entered > 0 else {
      throw CommandError("\(TimeStamps.name)=\(word): these are no stamps of a jump")
    }
    let now = (counter: Clocks.timeStampCounter, wall: Clocks.wallClock)
    guard
      let times = JumpTimes(
        stamps, now: now, sinceBoot: Clocks.sinceBoot, start: Self.noteOfJump(),
        initStart: KernelLog.time(ofMessage: "Run "))
    else {
      throw CommandError(
        "the time stamp counter or the wall clock has gone backwards since the load")
    }
    StandardStreams.writeOutput(invocation.printsJSON ? times.json.text : times.text)
    return .success
  }

  /// Where `kexec -e` writes down when it began, for `--report` after the jump: on disk, since
  /// nothing else is left.
  private static let jumpFile = "/var/lib/kexec-jump"

  /// Writes down that the way to the jump begins now. Only a help: it may fail.
  static func noteJump() {
    _ = FileTree.running.replace(jumpFile, with: "\(Clocks.wallClock)\n")
  }

  private static func noteOfJump() -> UInt64? {
    FileTree.running.text(jumpFile).flatMap { UInt64($0) }
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

  /// Works the times out; nil when the clocks make no sense.
  ///
  /// - Parameters:
  ///   - stamps: the stamps of the jump.
  ///   - now: the time stamp counter and the wall clock at the same moment.
  ///   - sinceBoot: the age of the running kernel then, in nanoseconds.
  ///   - start: the wall clock when `kexec -e` began, if known.
  ///   - initStart: the age of the running kernel when it started init, if known.
  init?(
    _ stamps: TimeStamps, now: (counter: UInt64, wall: UInt64), sinceBoot: UInt64, start: UInt64?,
    initStart: UInt64?
  ) {
    guard now.counter > stamps.checked, stamps.checked >= stamps.entered,
      stamps.entered > stamps.loaded, now.wall > stamps.wallClock
    else { return nil }
    // The counter runs at one rate from the load until now, whatever kernel is running.
    let nanosecondsPerCount =
      Double(now.wall - stamps.wallClock) / Double(now.counter - stamps.loaded)
    func wall(_ counter: UInt64) -> Double {
      Double(stamps.wallClock) + Double(counter - stamps.loaded) * nanosecondsPerCount
    }
    let entered = wall(stamps.entered)
    check = UInt64(Double(stamps.checked - stamps.entered) * nanosecondsPerCount)
    let boot = Double(now.wall) - Double(sinceBoot)
    kernelStart = UInt64(max(0, boot - wall(stamps.checked)))
    kernelToInit = initStart
    shutdown = start.flatMap { start in
      // A note of another jump is older than this load.
      start >= stamps.wallClock && Double(start) <= entered ? UInt64(entered - Double(start)) : nil
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
    .object([
      ("shutdownNanoseconds", shutdown.map(JSON.number) ?? .null),
      ("checkNanoseconds", .number(check)),
      ("kernelStartNanoseconds", .number(kernelStart)),
      ("kernelToInitNanoseconds", kernelToInit.map(JSON.number) ?? .null),
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
