extension HeadlineReader {
  /// All that the log says.
  func headline() -> CrashHeadline {
    var headline = CrashHeadline()
    var (reason, kind) = reason()
    if kind == .hungTask { reason = firstHungTask ?? reason }
    headline.kind = kind
    headline.panic = panic?.text.text.text
    headline.isFatal = panic != nil || reason?.isFault == true
    headline.oopses = reasons.count { $0.isFault && $0.event.kind != .sysrq }
    let start = reason?.start ?? panic?.index ?? lines.count
    // The second line about an unknown NMI asks a question.
    if let event = reason?.event, kind != .sysrq,
      kind != .unknownNMI || !event.reason.begins("Do you have")
    {
      headline.reason = event.reason.text
    }
    headline.time = start < lines.count ? lines[start].time : nil

    // Whoever finds hung tasks panics after the last of them.
    let isHung = kind == .hungTask && panic != nil
    let end = isHung ? lines.count : endOfReport(from: start)
    let task = taskLine(of: reason, from: isHung ? panic?.index ?? start : start, to: end)
    if let task {
      headline.take(task.task)
    } else if kind == .outOfMemory, let earlier = earlierTask(before: start) {
      headline.take(earlier)
      headline.isTaskCertain = false
    } else if kind == .hungTask, let event = reason?.event {
      headline.take(
        CrashTask(
          hung: event.task?.name, number: event.task?.number,
          below: start + 1 < lines.count ? lines[start + 1].message : nil))
    } else if let event = reason?.event {
      headline.take(
        CrashTask(processor: event.processor, name: event.task?.name, number: event.task?.number))
    }
    if kind == .hungTask, let blocked = reason?.event.task {
      headline.blockedTask = "\(blocked.name.text):\(blocked.number)"
    }
    readCode(into: &headline, from: start, task: task?.index, to: end)
    readMachineCheck(into: &headline, from: start)
    readSurroundings(into: &headline, from: start)
    return headline
  }

  /// The first of the hung tasks that were found together, less than ten seconds before the panic.
  private var firstHungTask: Reason? {
    guard let panic, let time = lines[panic.index].time else { return nil }
    return reasons.first {
      guard $0.event.kind == .hungTask, let found = lines[$0.start].time else { return false }
      return found <= time && time - found < 10_000_000
    }
  }

  /// Where the next reason starts: what follows it is not about this one.
  private func endOfReport(from start: Int) -> Int {
    reasons.first { $0.start > start }?.start ?? lines.count
  }

  /// The line "CPU:" of a reason. Where processors print their stacks because another one asks them to ("NMI
  /// backtrace"), only the one that the reason names counts.
  private func taskLine(of reason: Reason?, from start: Int, to end: Int) -> (
    task: CrashTask, index: Int
  )? {
    let named = reason.flatMap { $0.event.processor ?? stalledProcessor(of: $0) }
    var other: (task: CrashTask, index: Int)?
    var isAsked = false
    for index in start..<max(start, end) {
      let message = lines[index].message
      if message.begins("NMI backtrace for cpu") || message.begins("Sending NMI from CPU") {
        isAsked = true
      }
      guard let task = CrashTask(message) else { continue }
      if let named, task.processor == named { return (task, index) }
      if !isAsked, other == nil {
        if named == nil { return (task, index) }
        other = (task, index)
      }
      isAsked = false
    }
    return other
  }

  /// The processor that an RCU stall names in one of the next lines: `1-....: (20999 ticks this GP)`.
  private func stalledProcessor(of reason: Reason) -> UInt64? {
    guard reason.event.kind == .rcuStall else { return nil }
    for line in lines[reason.start...].prefix(4).dropFirst() {
      let message = (line.message.after(start: "rcu:") ?? line.message).trimmed
      guard let number = message.leadingNumber, message.withoutLeadingDigits.first == 0x2D,
        message.holds(": (")
      else { continue }
      return number
    }
    return nil
  }

  /// The task that an earlier event of the same kind names.
  private func earlierTask(before start: Int) -> CrashTask? {
    guard let earlier = reasons.last(where: { $0.event.kind == .outOfMemory && $0.start < start })
    else { return nil }
    return lines[earlier.start..<start].firstNonNil { CrashTask($0.message) }
  }

  /// Where the kernel was. The first instruction pointer after the line "CPU:" decides, even if it is that of a
  /// program: what follows belongs to others.
  private func readCode(
    into headline: inout CrashHeadline, from start: Int, task: Int?, to end: Int
  ) {
    let first = task ?? start
    var hint: CodePlace?
    for line in lines[min(start, first)..<first] {
      if case .hint(let place)? = CodePlace.line(line.message), hint == nil { hint = place }
    }
    var isDecided = headline.kind == .machineCheck
    for index in first..<max(first, end) {
      let message = lines[index].message
      if index > first {
        if message.begins("NMI backtrace for cpu") { break }
        if let other = CrashTask(message), other.number != headline.task { break }
      }
      if !isDecided, let line = CodePlace.line(message) {
        switch line {
        case .kernel(let place):
          headline.instruction = place
          isDecided = true
        case .user: isDecided = true
        case .hint(let place): hint = hint ?? place
        }
      }
      if headline.caller == nil, let frame = CodePlace.frame(message), frame.isSure,
        !frame.place.isReporting
      {
        headline.caller = frame.place
      }
      if headline.workqueue == nil, let work = message.after(start: "Workqueue: ") {
        // The queue, then the function, then perhaps "(name)".
        headline.workqueue = work.words.dropFirst().first?.text
      }
    }
    if headline.instruction == nil { headline.instruction = hint }
  }

  /// The reason of a machine check, where it was, and the addresses that all of them name.
  private func readMachineCheck(into headline: inout CrashHeadline, from start: Int) {
    var isFatal = false
    for (index, line) in lines.enumerated() {
      guard let text = line.message.after("[Hardware Error]: ") else { continue }
      if text.holds("Machine Check") { isFatal = text.holds("Machine Check Exception: ") }
      // The firmware's own report has the address in a line of its own.
      let address =
        isFatal
        ? text.after(" ADDR ")
        : headline.kind == .machineCheck ? text.trimmed.after(start: "physical_address: 0x") : nil
      if let address = address?.leadingHexadecimal, !headline.badAddresses.contains(address) {
        headline.badAddresses.append(address)
      }
      guard headline.kind == .machineCheck else { continue }
      if let reason = text.after(start: "Machine check: ") {
        headline.machineCheckReason = reason.text
      }
      if index >= start, headline.instruction == nil {
        headline.instruction = CodePlace.machineCheckLine(line.message)
      }
    }
  }

  /// What the log says anywhere: near the reason where there is a choice.
  private func readSurroundings(into headline: inout CrashHeadline, from start: Int) {
    let after = lines[min(start, lines.count)...]
    func text(_ start: String) -> String? {
      after.firstNonNil { $0.message.after(start: start) }?.collapsed
        ?? lines.firstNonNil { $0.message.after(start: start) }?.collapsed
    }
    headline.hardware = headline.hardware ?? text("Hardware name: ") ?? text("DMI: ")
    headline.release =
      headline.release
      ?? lines.firstNonNil { $0.message.after(start: "Linux version ") }?.words.first?.text
    headline.processors = processorCount
    headline.commandLine = text("Kernel command line: ") ?? text("Command line: ")
    headline.kernelOffset =
      lines.reversed().firstNonNil { $0.message.after(start: "Kernel Offset: ") }?.words.first?.text
    let start = "Modules linked in:"
    if let index = after.firstIndex(where: { $0.message.begins(start) })
      ?? lines.lastIndex(where: { $0.message.begins(start) })
    {
      headline.modules = modules(at: index)
    }
  }

  /// The modules of the line at `index` and of those that continue it.
  private func modules(at index: Int) -> [String] {
    var modules: [String] = []
    for line in lines[index...].prefix(64) {
      let isFirst = modules.isEmpty && line.message.begins("Modules linked in:")
      let words = (isFirst ? line.message.dropFirst(18) : line.message).until("[last unloaded")
        .words
      guard isFirst || words.allSatisfy({ $0.isModule }) else { break }
      modules += words.map { $0.until("(").text }
      if line.message.holds("[last unloaded") || (isFirst && words.isEmpty) { break }
    }
    return modules
  }
}

extension CrashHeadline {
  /// Takes what a line says about the task.
  mutating func take(_ task: CrashTask) {
    processor = task.processor
    user = task.user
    self.task = task.number
    taskName = task.name?.text
    taint = task.taint?.collapsed
    release = task.release?.text
    preemption = task.preemption?.text
    hardware = task.hardware?.collapsed
    isKdumpLoaded = task.isKdumpLoaded
  }
}

extension LogBytes {
  /// Whether it is the name of a module, perhaps with the marks of its taint: `zfs(PO)`.
  fileprivate var isModule: Bool {
    let name = until("(")
    return !name.isEmpty
      && name.allSatisfy { $0.digit != nil || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x5F }
      && (name.count == count || last == 0x29)
  }
}

extension Sequence {
  /// The first result of `find` that is not nil.
  fileprivate func firstNonNil<Result>(_ find: (Element) -> Result?) -> Result? {
    for element in self {
      if let result = find(element) { return result }
    }
    return nil
  }
}
