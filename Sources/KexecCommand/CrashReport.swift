internal import CrashDumps
internal import CrashLogs

/// What `kexec dump report` says, for people and for programs.
struct CrashReport {
  let headline: CrashHeadline
  /// What of the log could not be read; nil where there was no log, or only its text.
  let damage: LogDamage?
  /// What only a dump has; nil for the text of a log.
  let dump: Dump?

  /// What a dump has besides the log.
  struct Dump {
    let release: String?
    let buildID: String?
    /// Seconds since 1970.
    let crashTime: UInt64?
    /// How far KASLR moved the kernel.
    let kernelOffset: UInt64?
    /// How many pages are of which kind; nil if that is not known.
    let classes: Classification?
    /// In the order of the processors; those that did not answer are missing.
    let processors: [ProcessorState]
  }

  /// Said by every report.
  static let secrecy =
    "The report, the log and the dump may hold secrets: they are memory of the crashed computer."

  func text(on terminal: Terminal) -> String {
    let page = TextPage(on: terminal, column: 20)
    func add(_ name: String, _ value: String?) { page.addRow(name, value ?? "unknown") }
    func addKnown(_ name: String, _ value: String?) {
      if let value { page.addRow(name, value) }
    }
    page.text += terminal.styled(headline.kind.rawValue, .heading)
    page.text +=
      (headline.isFatal || headline.kind == .unknown ? "" : " (the kernel went on)") + "\n"
    add("panic", headline.panic)
    add("reason", headline.reason)
    add("where", placeText)
    add("processor", headline.processor.map { "\($0)" })
    add("task", taskText)
    addKnown("blocked task", headline.blockedTask)
    addKnown("workqueue", headline.workqueue)
    add("taint", headline.taint)
    add("kernel", kernelText)
    addKnown("build", dump?.buildID)
    add("hardware", headline.hardware)
    add("uptime", headline.time.map(Self.secondsText))
    addKnown("time", dump?.crashTime.map(timeText))
    addKnown("machine check", headline.machineCheckReason)
    if !headline.badAddresses.isEmpty {
      page.addRow("bad memory", headline.badAddresses.map(hexText).joined(separator: " "))
    }
    add("command line", headline.commandLine)
    addKnown("kernel offset", kernelOffset)
    addKnown("crash kernel", headline.isKdumpLoaded == true ? "was loaded" : nil)
    add("modules", headline.modules.isEmpty ? nil : headline.modules.joined(separator: " "))
    if headline.oopses > 1 {
      page.addRow("oopses", "\(headline.oopses): an earlier one may be the cause")
    }
    if headline.starts > 1 {
      page.addRow("starts", "the log has \(headline.starts): this is the last one that crashed")
    }
    addKnown("processors", silenceText)
    if let damage = damage?.text { page.addRow("log", damage) }
    if let classes = dump?.classes {
      page.text += "\n" + Self.memoryText(classes, on: terminal)
    }
    for (index, processor) in (dump?.processors ?? []).enumerated() {
      page.text += "\n" + processor.text(number: index, isCrashed: processor.task == headlineTask)
    }
    page.text += "\n" + terminal.wrapped(Self.secrecy + "\n", indent: 0)
    return page.text
  }

  /// The memory by kind.
  private static func memoryText(_ classes: Classification, on terminal: Terminal) -> String {
    var text = "memory\n"
    for kind in PageClass.allCases where kind != .notMemory {
      let count = classes.tally.count(kind)
      if count > 0 { text += terminal.row("  " + kind.name, byteText(count << 12), column: 20) }
    }
    for finding in classes.findings { text += terminal.row("  note", finding.text, column: 20) }
    return text
  }

  /// The task of the headline as notes have it; nil if there is none, or it is idle: every processor has such one.
  private var headlineTask: UInt32? {
    headline.task.flatMap { $0 > 0 && $0 <= UInt64(UInt32.max) ? UInt32($0) : nil }
  }

  /// That processors did not leave their registers; nil if all did, or if their number is not known.
  private var silenceText: String? {
    guard let all = headline.processors, let found = dump?.processors.count, found < all else {
      return nil
    }
    return "\(found) of \(all) left registers"
  }

  private var placeText: String? {
    if let place = headline.instruction {
      return place.text + (place.module.map { " in \($0)" } ?? "")
        + (place.isExact ? "" : " (not exact)")
    }
    return headline.caller.map {
      $0.text + ($0.module.map { " in \($0)" } ?? "") + ", from the call trace"
    }
  }

  private var taskText: String? {
    guard headline.taskName != nil || headline.task != nil else { return nil }
    var parts = [headline.taskName ?? "unknown"]
    if let task = headline.task { parts.append("PID \(task)") }
    if let user = headline.user { parts.append("UID \(user)") }
    return parts.joined(separator: ", ")
      + (headline.isTaskCertain ? "" : " (not certain: the panic names no task)")
  }

  /// How far the kernel was moved, as the log or else the dump says.
  var kernelOffset: String? { headline.kernelOffset ?? dump?.kernelOffset.map(hexText) }

  private var kernelText: String? {
    (headline.release ?? dump?.release).map { $0 + (headline.preemption.map { ", \($0)" } ?? "") }
  }

  private static func secondsText(_ microseconds: UInt64) -> String {
    let fraction = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count)
      + fraction + " s"
  }
}

extension ProcessorState {
  /// The registers, three a line, and the stack, four words a line.
  fileprivate func text(number: Int, isCrashed: Bool) -> String {
    var text = "processor note \(number + 1), task \(task)\(isCrashed ? ", which crashed" : "")\n"
    var column = 0
    for (name, value) in registers {
      text += (column == 0 ? "  " : "  ") + name.rightAligned(to: 8) + " " + Self.word(value)
      column = (column + 1) % 3
      if column == 0 { text += "\n" }
    }
    if column != 0 { text += "\n" }
    var address = stackPointer
    for start in stride(from: 0, to: stack.count, by: 4) {
      text += "  " + Self.word(address) + ":"
      for word in stack[start..<min(start + 4, stack.count)] { text += " " + Self.word(word) }
      text += "\n"
      address &+= 32
    }
    return text
  }

  /// Sixteen digits.
  fileprivate static func word(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// For programs. Numbers of 64 bits are texts: not every program reads such numbers exactly.
  var json: JSON {
    .object([
      ("task", .number(UInt64(task))),
      ("registers", .object(registers.map { ($0.name, .string(hexText($0.value))) })),
      ("stack", .array(stack.map { .string(hexText($0)) })),
    ])
  }
}
