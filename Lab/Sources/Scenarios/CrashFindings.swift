import LabKit

/// What a report says, beside what the guest knew of itself before, and what its console showed.
struct CrashFindings {
  let witness: CrashWitness
  /// The console's lines from the cause on, until the crash kernel began; or what the log in the memory had.
  let said: [String]
  /// Whether all of that is from the console, which has times.
  let isConsole: Bool
  let report: DumpReport
  /// The report for people.
  let text: String
  /// How many processors the dump's notes are of, by the lab's own reader.
  let processorCount: Int
  /// When the crash kernel looked at its clock, in seconds since 1970.
  let end: UInt64

  /// Fails unless the kernel said a line with all of `texts`, from line `start` on.
  @discardableResult
  func mustHaveSaid(
    _ texts: String..., from start: Int = 0, file: String = #fileID, line: Int = #line
  ) throws -> Int {
    let index = said.indices.first { index in
      index >= start && texts.allSatisfy { said[index].contains($0) }
    }
    guard let index else {
      throw Failure("the kernel did not say \(texts): \(said.joined(separator: "\n"))", file, line)
    }
    return index
  }

  /// Fails unless the report names this kind, panic and reason, which the kernel has said.
  ///
  /// - `start`: the line with which it begins, if that is neither.
  /// - Returns: the index of the line that it has said.
  @discardableResult
  func mustBe(
    _ kind: String, panic: String?, reason: String?, from start: String? = nil,
    file: String = #fileID, line: Int = #line
  ) throws -> Int {
    try same(report.kind, kind, "kind", file, line)
    try same(report.panic, panic, "panic", file, line)
    try same(report.bug, reason, "reason", file, line)
    try same(report.isFatal, true, "isFatal", file, line)
    if let panic {
      try mustHaveSaid("Kernel panic - not syncing: \(panic)", file: file, line: line)
    }
    let index = try mustHaveSaid(start ?? reason ?? panic ?? "", file: file, line: line)
    if isConsole {
      let time = said[index].firstMatch(of: #/\[ *([0-9]+)\.([0-9]{6})\] /#)
      try same(
        report.uptimeMicroseconds, time.flatMap { UInt64($0.1 + $0.2) }, "uptime", file, line)
    }

    // All that does not depend on the reason.
    try same(report.release, witness.release, "release", file, line)
    try same(report.hardware, witness.hardware, "hardware", file, line)
    try same(report.commandLine, witness.commandLine, "command line", file, line)
    try same(report.taint, witness.taint, "taint", file, line)
    // Not each panic has the list of modules.
    let hasModules = said.contains { $0.contains("Modules linked in:") }
    try same(report.modules, hasModules ? witness.modules : [], "modules", file, line)
    try same(
      report.kernelOffset, "0x" + String(witness.offset, radix: 16), "kernel offset", file, line)
    try same(report.kdumpLoaded, true, "kdumpLoaded", file, line)
    try same(report.starts, 1, "starts", file, line)
    let crashTime = report.crashTime ?? 0
    try expect(
      witness.time <= crashTime && crashTime <= end + 1,
      "the crash was at \(crashTime), not in \(witness.time)...\(end)", file: file, line: line)
    try same(report.cpus, 2, "cpus", file, line)
    try same(report.processors.count, processorCount, "processors", file, line)
    try expect(
      text.hasPrefix("\(kind)\n"), "the report for people does not begin with \(kind): \(text)",
      file: file, line: line)
    return index
  }

  /// Fails unless the report names this task, which the kernel has named, too.
  func mustName(
    _ name: String, _ number: Int, on processor: Int, file: String = #fileID, line: Int = #line
  ) throws {
    let index = try mustHaveSaid(
      "CPU: \(processor) ", " PID: \(number) Comm: \(name) ", " \(witness.release) ",
      file: file,
      line: line)
    try same(report.cpu, processor, "cpu", file, line)
    try same(report.pid, number, "pid", file, line)
    try same(report.comm, name, "comm", file, line)
    try same(report.isCommCertain, true, "isCommCertain", file, line)
    try same(report.uid, said[index].contains(" UID: 0 ") ? 0 : nil, "uid", file, line)
    try expect(
      text.contains("  task              \(name), PID \(number)"), "no task in \(text)", file: file,
      line: line)
  }

  /// The same of a process.
  func mustName(
    _ process: CrashingGuest.Process, file: String = #fileID, line: Int = #line
  ) throws {
    try mustName(
      process.name, process.number, on: process.processor, file: file, line: line)
  }

  /// The same of whatever task the kernel has named first from line `start` on: the guest cannot know it.
  func mustNameTask(from start: Int, file: String = #fileID, line: Int = #line) throws {
    let text = said[try mustHaveSaid("CPU: ", " PID: ", " Comm: ", from: start)]
    let task = #/CPU: ([0-9]+) (?:UID: [0-9]+ )?PID: ([0-9]+) Comm: (.*) Kdump: loaded/#
    guard let found = text.firstMatch(of: task), let processor = Int(found.1),
      let number = Int(found.2)
    else { throw Failure("the kernel said \(text)", file, line) }
    try mustName(String(found.3), number, on: processor, file: file, line: line)
  }

  /// Fails unless the report says that the kernel was in this function of lab_crash, which the kernel has named, too.
  func mustBeIn(_ function: String, file: String = #fileID, line: Int = #line) throws {
    let place = report.rip ?? "unknown"
    try expect(place.hasPrefix(function + "+0x"), "it was in \(place)", file: file, line: line)
    try same(report.module, "lab_crash", "module", file, line)
    try mustHaveSaid("RIP: 0010:\(place) [lab_crash]", file: file, line: line)
    try expect(
      text.contains("  where             \(place) in lab_crash\n"), "no place in \(text)",
      file: file, line: line)
  }

  /// Fails unless the processor of a note has left the registers that lab_crash has set in this function.
  func mustHaveLeftKnownRegisters(
    _ index: Int, of process: CrashingGuest.Process, in function: String,
    file: String = #fileID, line: Int = #line
  ) throws {
    let processor = try mustHaveLeft(index, of: process, file: file, line: line)
    for (name, number) in [("rbx", 3), ("r12", 12), ("r13", 13), ("r14", 14), ("r15", 15)] {
      let value = try processor.register(name)
      try expect(
        value == 0x1AB0_0000_0000_0000 | UInt64(number),
        "\(name) is \(String(value, radix: 16))", file: file, line: line)
    }
    let place = try processor.register("rip")
    let range = try witness.function(function)
    try expect(
      range.contains(place), "rip is \(String(place, radix: 16)), not in \(range)", file: file,
      line: line)
    // Where the oops says that it was, it is.
    if report.cpu == process.processor,
      let offset = report.rip?.firstMatch(of: /\+0x([0-9a-f]+)/)?.1
    {
      try same(
        UInt64(offset, radix: 16), place - range.lowerBound, "offset in the function", file, line)
    }
  }

  /// Fails unless the processor of a note ran this process, and its stack has an address in lab_crash.
  @discardableResult
  func mustHaveLeft(
    _ index: Int, of process: CrashingGuest.Process, file: String = #fileID, line: Int = #line
  ) throws -> DumpReport.Processor {
    try expect(
      index < report.processors.count, "there are only \(report.processors.count) notes",
      file: file, line: line)
    let processor = report.processors[index]
    try same(processor.task, process.number, "task of note \(index + 1)", file, line)
    let caller = try witness.function("lab_crash_write")
    try expect(
      processor.words.contains { caller.contains($0) },
      "the stack has no address in \(caller): \(processor.words)", file: file, line: line)
    let crashed = report.pid == process.number ? ", which crashed" : ""
    try expect(
      text.contains("\nprocessor note \(index + 1), task \(process.number)\(crashed)\n"),
      "no note of \(process.number) in \(text)", file: file, line: line)
    return processor
  }
}

private func same<Value: Equatable>(
  _ found: Value, _ wanted: Value, _ what: String, _ file: String, _ line: Int
) throws {
  try expect(found == wanted, "\(what) is \(found), not \(wanted)", file: file, line: line)
}
