import Foundation

/// A running kernel whose agent answers. A machine has another one after each jump.
public struct Guest: Sendable {
  /// The release, as in `uname -r`.
  public let release: String
  /// The kernel's id of this boot, unique for every boot.
  public let bootID: String
  /// How long the jump from the previous kernel took; nil after the first boot.
  public let arrival: Arrival?
  let machine: VirtualMachine

  /// How long the steps from one kernel to the next took, as seen on the console.
  public struct Arrival: Sendable {
    /// From the last line of the old kernel to the first line of the new one.
    public let toFirstLine: Elapsed
    /// From the last line of the old kernel to the first action of init in the new one.
    public let toInit: Elapsed
    /// The lines from the old kernel's last to the new kernel's first, each with the time since the
    /// previous line.
    public let steps: [(text: String, elapsed: Elapsed)]
  }

  /// The result of a command.
  public struct Output: Sendable {
    /// The exit status.
    public let status: Int
    /// Standard output, without the last newline.
    public let text: String
    /// Standard error, without the last newline.
    public let errors: String
    /// How long it took, seen from outside of the guest: including the shell, and sending the
    /// answer.
    public let elapsed: Elapsed
    /// Standard output, unchanged.
    public let bytes: [UInt8]
  }

  /// Runs `command` with the guest's shell and fails unless it exits with `status`.
  @discardableResult
  public func run(
    _ command: String, exits status: Int = 0, within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws -> Output {
    let output = try await attempt(command, within: limit, file: file, line: line)
    let said = output.errors.isEmpty ? output.text : output.errors
    try expect(
      output.status == status,
      "`\(command.shortened)` exited with \(output.status), not \(status): \(said.shortened)",
      file: file, line: line)
    return output
  }

  /// Runs `command` with the guest's shell. Any exit status is accepted.
  public func attempt(
    _ command: String, within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws -> Output {
    let sent = machine.agent.transcript.now
    let (number, start) = try send(command)
    let isDone = { (text: String) in text.hasPrefix("@done \(number) ") }
    let deadline = ContinuousClock.now + limit
    let answer = try await waitForAgent(from: start, until: deadline, file, line, where: isDone)
    guard let answer else {
      await machine.logRegisters()
      throw Failure("`\(command.shortened)` took longer than \(limit)", file, line)
    }
    return try output(from: answer, sent: sent)
  }

  /// Lets this computer press the button for an NMI.
  public func sendNMI() async throws {
    try await machine.sendNMI()
  }

  /// Lets this computer press the button for an NMI, and waits until the agent of the crash kernel
  /// answers.
  public func jumpByNMI(
    within limit: Duration = Lab.againstHanging, file: String = #fileID, line: Int = #line
  ) async throws -> Guest {
    try await sendNMI()
    return try await jump(":", returns: true, within: limit, file: file, line: line)
  }

  /// Starts the loaded kernel with `command` and waits until its agent answers.
  ///
  /// `returns`: the command only requests the jump, and ends before it.
  public func jump(
    _ command: String = "kexec -e", returns: Bool = false,
    within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws -> Guest {
    let console = machine.console.transcript
    let consoleStart = console.end
    let sent = console.now
    let (number, start) = try send(command)
    let deadline = ContinuousClock.now + limit
    let isAnswer = { (text: String) in
      text.hasPrefix("@ready ") || (!returns && text.hasPrefix("@done \(number) "))
    }
    let answer = try await waitForAgent(from: start, until: deadline, file, line, where: isAnswer)
    guard let answer else {
      await machine.logRegisters()
      throw Failure("no kernel answered within \(limit) of `\(command)`", file, line)
    }
    guard answer.text.hasPrefix("@ready ") else {
      let output = try output(from: answer, sent: sent)
      throw Failure("`\(command)` returned \(output.status): \(output.errors)", file, line)
    }
    let arrival = Arrival(console: console.lines(from: consoleStart), ready: answer.moment)
    let next = try Guest(machine: machine, ready: answer.text, arrival: arrival)
    try expect(next.bootID != bootID, "the same kernel answered again", file: file, line: line)
    return next
  }

  /// Runs `command`, which only requests a reset, and waits until the machine has ended: it must
  /// have been booted without `mayReset`.
  public func reset(
    by command: String, within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws {
    let (_, start) = try send(command)
    let deadline = ContinuousClock.now + limit
    do {
      let answer = try await machine.agent.transcript.firstLine(from: start, until: deadline) {
        $0.hasPrefix("@ready ")
      }
      let instead = answer == nil ? "there was no reset within \(limit)" : "a kernel was started"
      throw Failure("\(instead) by `\(command)`", file, line)
    } catch is MachineGone {}
  }

  /// Starts the loaded kernel, which has no agent, and waits until each of `texts` has appeared on
  /// the console, in this order.
  public func jump(
    sayingOnConsole texts: [String], within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws {
    let console = machine.console.transcript
    var start = console.end
    _ = try send("kexec -e")
    let deadline = ContinuousClock.now + limit
    for text in texts {
      let found = try await console.firstLine(from: start, until: deadline) { $0.contains(text) }
      guard let found else {
        await machine.logRegisters()
        throw Failure("the console did not say \(text) within \(limit)", file, line)
      }
      start = found.number
    }
  }

  /// Starts the loaded kernel, which has no agent, and waits until `text` is on the VGA screen.
  public func jump(
    sayingOnScreen text: String, within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws {
    _ = try send("kexec -e")
    let deadline = ContinuousClock.now + limit
    var screen = ""
    do {
      repeat {
        screen = try await machine.screen()
      } while !screen.contains(text) && ContinuousClock.now < deadline
    } catch is MachineGone {
      throw Failure("the machine reset or ended", file, line)
    }
    machine.log.write("screen", screen.trimmedLines)
    guard !screen.contains(text) else { return }
    await machine.logRegisters()
    throw Failure("the screen did not say \(text) within \(limit)", file, line)
  }

  /// Starts the loaded kernel, which prints nothing, and waits until `text` is in the machine's
  /// memory, in the kernel's log. The machine must have been booted with `sharesMemory`.
  ///
  /// - Returns: what the console printed since then.
  public func jump(
    sayingInMemory text: String, within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws -> String {
    let start = machine.console.transcript.end
    _ = try send("kexec -e")
    let deadline = ContinuousClock.now + limit
    while try places(of: Array(text.utf8)).isEmpty {
      guard ContinuousClock.now < deadline else {
        await machine.logRegisters()
        throw Failure("\(text) was not in the memory within \(limit)", file, line)
      }
      try await Task.sleep(for: .milliseconds(500))
    }
    return machine.console.transcript.lines(from: start).map(\.text).joined(separator: "\n")
  }

  /// Waits until one of `texts` appears on the console, in upper or lower case, in line `start` or later.
  public func waitForConsole(
    oneOf texts: [String], from start: Int = 0, within limit: Duration = Lab.againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws {
    let deadline = ContinuousClock.now + limit
    let found = try await machine.console.transcript.firstLine(from: start, until: deadline) {
      said in
      texts.contains { said.localizedCaseInsensitiveContains($0) }
    }
    try expect(
      found != nil, "the console said nothing of \(texts.joined(separator: " or "))",
      file: file, line: line)
  }

  /// Fails unless the running kernel is `kernel`.
  public func mustBe(
    _ kernel: Kernel, file: String = #fileID, line: Int = #line
  ) throws {
    try expect(
      kernel.isRelease(release), "this is \(release), not \(kernel.rawValue)",
      file: file, line: line)
  }

  /// The CPU time of the virtual machine from its start to the first action of init in the first
  /// kernel.
  public var bootTime: Duration {
    get throws {
      let line = machine.console.transcript.lines().first { $0.text.hasSuffix("@init") }
      guard let line else { throw Failure("the console did not say @init") }
      return line.moment.cpu
    }
  }

  private func send(_ command: String) throws -> (number: Int, start: Int) {
    let number = machine.nextCommand()
    let start = machine.agent.transcript.end
    machine.log.write("command", command)
    try machine.agent.write("\(number) \(Data(command.utf8).base64EncodedString())\n")
    return (number, start)
  }

  private func waitForAgent(
    from start: Int, until deadline: ContinuousClock.Instant, _ file: String, _ line: Int,
    where isWanted: (String) -> Bool
  ) async throws -> Transcript.Line? {
    do {
      return try await machine.agent.transcript.firstLine(
        from: start, until: deadline, where: isWanted)
    } catch is MachineGone {
      throw Failure("the machine reset or ended", file, line)
    }
  }

  /// Parses `@done NUMBER STATUS -OUTPUT -ERRORS`.
  private func output(from line: Transcript.Line, sent: Moment) throws -> Output {
    let words = line.text.split(separator: " ")
    guard words.count == 5, let status = Int(words[2]),
      let output = Data(base64Encoded: String(words[3].dropFirst())),
      let errors = Data(base64Encoded: String(words[4].dropFirst()))
    else { throw Failure("the agent said \(line.text.shortened)") }
    let result = Output(
      status: status, text: output.trimmedText, errors: errors.trimmedText,
      elapsed: Elapsed(from: sent, to: line.moment), bytes: Array(output))
    machine.log.write("status", "\(status)")
    if !result.text.isEmpty { machine.log.write("output", String(result.text.prefix(4000))) }
    if !result.errors.isEmpty { machine.log.write("errors", result.errors) }
    return result
  }
}

extension Guest {
  /// Parses `@ready RELEASE BOOT-ID`.
  init(machine: VirtualMachine, ready: String, arrival: Arrival?) throws {
    let words = ready.split(separator: " ")
    guard words.count == 3 else { throw Failure("the agent said \(ready)") }
    release = String(words[1])
    bootID = String(words[2])
    self.arrival = arrival
    self.machine = machine
    machine.log.write("ready", release)
  }
}

extension Guest.Arrival {
  /// Finds both kernels in the console's output; nil if one of them printed nothing.
  init?(console lines: [Transcript.Line], ready: Moment) {
    // With an early console the decompressor prints first, then the kernel.
    let openings = ["early console in", "Decompressing Linux", "Linux version"]
    guard
      let last = lines.last(where: { $0.text.contains("Starting new kernel") }),
      let first = lines.first(where: { line in
        line.number > last.number && openings.contains { line.text.contains($0) }
      })
    else { return nil }
    toFirstLine = Elapsed(from: last.moment, to: first.moment)
    let initLine = lines.first { $0.number > first.number && $0.text.hasSuffix("@init") }
    toInit = Elapsed(from: last.moment, to: initLine?.moment ?? ready)
    steps = lines.filter { (last.number + 1...first.number).contains($0.number) }.map {
      ($0.text, Elapsed(from: last.moment, to: $0.moment))
    }
  }
}

extension String {
  /// The lines of a screen of 80 columns, without empty lines and trailing spaces.
  fileprivate var trimmedLines: String {
    let letters = Array(self)
    return stride(from: 0, to: letters.count, by: 80).map { start in
      var line = letters[start..<min(start + 80, letters.count)]
      while line.last == " " { line.removeLast() }
      return String(line)
    }.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// The text, truncated to 300 characters for a message.
  var shortened: String { count > 300 ? prefix(300) + "…" : self }
}

extension Data {
  fileprivate var trimmedText: String {
    var text = String(decoding: self, as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    return text
  }
}
