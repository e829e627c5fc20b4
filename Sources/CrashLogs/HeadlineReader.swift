/// Reads the headline from the log of one start of a kernel.
///
/// Lines that say that something went wrong are events (`LogEvent`). Those that belong together, such as "BUG: kernel
/// NULL pointer dereference" and "Oops: 0002 [#1]", are one `Reason`; its first line names it. The panic says which of
/// the reasons it is about. Without a panic it is the worst one.
struct HeadlineReader {
  let lines: [LogLine]
  /// Whether the log ends with the crash.
  private let isOfDump: Bool
  private(set) var reasons: [Reason] = []
  private(set) var panic: (index: Int, text: PanicText)?

  /// Events that belong together.
  struct Reason {
    /// The first line.
    let start: Int
    var event: LogEvent
    /// Whether the processor or a BUG() is part of it.
    var isFault: Bool
  }

  init(_ lines: [LogLine], isOfDump: Bool) {
    self.lines = lines
    self.isOfDump = isOfDump
    // Whether more lines of the last reason may follow: until its "CPU:" line.
    var isOpen = false
    var isEnd = false
    for (index, line) in lines.enumerated() {
      if let text = PanicText(line.message) {
        // A second panic is one of another processor, or of the first one's consequences.
        if panic == nil { panic = (index, text) }
        isOpen = false
        isEnd = true
      } else if let event = LogEvent(line.message) {
        if isOpen, let last = reasons.last, last.takes(event, at: index) {
          reasons[reasons.count - 1].isFault = last.isFault || event.isFault
          if event.task != nil, last.event.task == nil {
            reasons[reasons.count - 1].event.task = event.task
          }
        } else if !isEnd {
          reasons.append(Reason(start: index, event: event, isFault: event.isFault))
          isOpen = true
        }
      } else if CrashTask(line.message) != nil || line.message.begins("---[ end trace") {
        isOpen = false
      }
    }
    // The line with the kernel's last words, when the console lost the first ones.
    if panic == nil,
      let index = lines.firstIndex(where: { $0.message.begins("---[ end Kernel panic") }),
      let text = lines[index].message.after("---[ end "),
      let panic = PanicText(text.until(" ]---"))
    {
      self.panic = (index, panic)
    }
  }

  /// Whether something went wrong.
  var hasCrash: Bool { panic != nil || reasons.contains { $0.severity > 0 } }

  /// The reason of the crash; nil if only the panic says it.
  func reason() -> (Reason?, CrashKind) {
    guard let panic else {
      let worst = reasons.map { $0.severity }.max()
      // A kernel may crash by an oops without a panic. Then it is the last one; elsewhere the first one is the cause.
      let worstOnes = reasons.filter { $0.severity == worst }
      let reason = isOfDump && worst == 4 ? worstOnes.last : worstOnes.first
      return (reason, reason?.event.kind ?? .unknown)
    }
    let before = reasons.filter { $0.start < panic.index }
    let text = panic.text
    if text.isAfterWarning {
      let last = before.last { $0.severity > 0 && !$0.isFault }
      let named = CrashKind.allCases.first { text.text.begins($0.rawValue + ": ") }
      return (last, last?.event.kind ?? named ?? .panicOnWarn)
    }
    if text.isAfterOops {
      let last = before.last { $0.isFault && $0.event.kind.isOops }
      switch (last, text.isDeathOfInit) {
      case (let last?, true) where last.event.kind == .oops: return (last, .oopsInInit)
      case (let last?, _): return (last, last.event.kind)
      case (nil, true): return (nil, .initDied)
      case (nil, false): return (nil, text.kind ?? .oops)
      }
    }
    guard let kind = text.kind else { return (nil, .panic) }
    return (before.last { $0.event.kind == kind }, kind)
  }
}

extension HeadlineReader.Reason {
  /// How bad it is, if the log has no panic.
  var severity: Int {
    if isFault { return 4 }
    switch event.kind {
    case .listCorruption, .usercopy, .bufferOverflow, .controlFlow, .bug: return 1
    default: return event.kind.severity
    }
  }

  /// Whether `event` is only more about the same.
  fileprivate func takes(_ event: LogEvent, at index: Int) -> Bool {
    guard index - start <= 40 else { return false }
    switch self.event.kind {
    case .unknownNMI:
      // The second line of the same NMI; another NMI starts as the first one did.
      return event.kind == .unknownNMI && !event.reason.begins("Uhhuh")
    case .sysrq: return event.isFault
    case .machineCheck, .outOfMemory, .xfsError, .ext4Error, .btrfsError, .rcuStall, .hungTask,
      .softLockup:
      return false
    default:
      // An oops, or the warning behind its message.
      return event.isFault || event.kind == .warning || event.kind == .listCorruption
    }
  }
}
