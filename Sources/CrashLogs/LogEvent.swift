/// A line of the log that says that something went wrong.
struct LogEvent {
  let kind: CrashKind
  /// Which part of the message is the reason.
  let reason: LogBytes
  /// The processor that the line names: not always the one that wrote it.
  var processor: UInt64?
  /// The task that the line names.
  var task: (name: LogBytes, number: UInt64)?
  /// Whether the line is about a fault of the processor or a BUG(), which other lines of this kind only announce.
  var isFault = false

  /// Nil if the line says no such thing.
  init?(_ message: LogBytes) {
    let text = message.withoutSubsystem
    guard !text.isEmpty else { return nil }
    if let die = LogEvent(die: text) {
      self = die
    } else if text.begins("BUG: ") || text.begins("[ BUG: ") {
      self.init(bug: text)
    } else if let place = text.after(start: "kernel BUG at ") {
      self.init(.init(bugAt: place), place.until("!"))
      isFault = true
    } else if text.begins("WARNING: ") {
      self.init(warning: text)
    } else if text.begins("INFO: ") {
      self.init(information: text)
    } else {
      self.init(other: text)
    }
  }

  private init(_ kind: CrashKind, _ reason: LogBytes) {
    self.kind = kind
    self.reason = reason.trimmed
  }

  /// `general protection fault: 0000 [#1] SMP`, `Oops: 0002 [#1]`, `Internal error: Oops: 96000046 [#1] SMP`: any
  /// line with the number of the oops.
  private init?(die text: LogBytes) {
    guard let mark = text.position(of: " [#"), text[(mark + 3)...].leadingNumber != nil else {
      return nil
    }
    let rest = text[(mark + 3)...].withoutLeadingDigits
    guard rest.first == 0x5D else { return nil }
    let counted = text[..<rest.index(after: rest.startIndex)]
    // Since 6.10 "Oops: " stands before whatever it is.
    let what = counted.after(start: "Oops: Oops: ").map { _ in counted.dropFirst(6) } ?? counted
    let name = what.after(start: "Oops: ") ?? what
    if let (_, kind) = Self.faultNames.first(where: { name.begins($0.0) }) {
      self.init(kind, name.until(" [#").withoutErrorCode)
    } else if what.begins("Internal error") || (what.begins("Oops") && !name.isNamedFault) {
      self.init(
        what.holds("UBSAN")
          ? .ubsan : what.holds("- BUG") ? .bug : what.holds("CFI") ? .controlFlow : .oops, what)
    } else {
      self.init(.fault, name.until(" [#").withoutErrorCode)
    }
    isFault = true
  }

  /// `BUG: ` and its many continuations.
  private init(bug text: LogBytes) {
    let what = text.after("BUG: ") ?? text
    let found = Self.bugNames.first { what.begins($0.0) }
    self.init(found?.1 ?? .bug, text)
    isFault = found?.2 ?? false
    if kind == .softLockup {
      processor = text.after("CPU#")?.leadingNumber
      // `[syz-executor4:4588]`: the name may have colons.
      if let open = text.lastPosition(of: "["), let colon = text.lastPosition(of: ":"),
        open < colon,
        let number = text[(colon + 1)...].leadingNumber
      {
        task = (text[(open + 1)..<colon], number)
      }
    }
  }

  /// The four forms of a warning; text after WARNING that is none of them is a driver's own.
  private init?(warning text: LogBytes) {
    let what = text.dropFirst(9)
    if let processor = what.after(start: "CPU: ") {
      self.init(.init(warningAt: what.after(" at ")), text)
      self.processor = processor.leadingNumber
      return
    }
    let words = what.words
    if what.begins("at ")
      || (words.count > 2 && words[1].elementsEqual("at".utf8) && words[0].isPlace)
    {
      self.init(.init(warningAt: what), text)
      guard let named = what.after(", CPU#"), let number = named.leadingNumber else { return }
      processor = number
      // `CPU#1: syz.0.52/6181`: the name may have slashes.
      if let name = named.withoutLeadingDigits.after(start: ": "),
        let slash = name.lastIndex(of: 0x2F),
        let number = name[(slash + 1)...].leadingNumber
      {
        task = (name[..<slash], number)
      }
      return
    }
    guard Self.lockReports.contains(where: { what.begins($0) }) else { return nil }
    self.init(.lockdep, text)
  }

  private init?(information text: LogBytes) {
    let what = text.dropFirst(6)
    if let named = what.after(start: "task "), let end = named.endOfBlocked {
      self.init(.hungTask, text)
      let task = named[..<end]
      if let colon = task.lastIndex(of: 0x3A), let number = task[(colon + 1)...].leadingNumber {
        self.task = (task[..<colon], number)
      }
    } else if what.begins("rcu"), what.holds("stall") {
      self.init(.rcuStall, text)
      // Before 4.x the processors are in the same line: `stalls on CPUs/tasks: { 3}`.
      processor = text.after("{ ")?.leadingNumber
    } else if what.begins("possible ") || what.begins("inconsistent lock")
      || what.begins("suspicious RCU")
    {
      self.init(.lockdep, text)
    } else {
      return nil
    }
  }

  private init?(other text: LogBytes) {
    if let number = text.after("etected hard LOCKUP on cpu ") {
      self.init(.hardLockup, text)
      processor = number.leadingNumber
    } else if text.holds("Machine Check Exception: "), let named = text.after("CPU ") {
      self.init(.machineCheck, text)
      processor = named.leadingNumber
    } else if text.begins("Uhhuh. NMI received for unknown reason") {
      self.init(.unknownNMI, text)
      processor = text.after(" on CPU ")?.leadingNumber
    } else if text.begins("Unable to handle kernel NULL pointer") {
      self.init(.nullDereference, text)
      isFault = true
    } else if text.holds(" invoked oom-killer") {
      self.init(.outOfMemory, text)
    } else if text.begins("XFS ("), text.holds("): Internal error") || text.holds("orruption") {
      self.init(.xfsError, text.until(" of file"))
    } else if text.holds("detected buffer overflow") {
      self.init(.bufferOverflow, text)
    } else {
      guard let found = Self.starts.first(where: { text.begins($0.0) }) else { return nil }
      // "Unhandled" and the like are also drivers' words.
      guard
        found.1 != .fault || text.begins("Unhandled fault: ") || text.holds("exception")
          || text.holds("handler detected")
      else { return nil }
      self.init(found.1, text)
      isFault = found.2
    }
  }

  private static let faultNames: [(String, CrashKind)] = [
    ("general protection fault", .generalProtection), ("double fault", .doubleFault),
    ("divide error", .divideError), ("invalid opcode", .invalidOpcode),
    ("kernel stack overflow", .stackOverflow), ("control protection", .controlFlow),
    ("CFI", .controlFlow),
  ]

  private static let bugNames: [(String, CrashKind, isFault: Bool)] = [
    ("kernel NULL pointer dereference", .nullDereference, true),
    ("Kernel NULL pointer dereference", .nullDereference, true),
    ("unable to handle kernel NULL pointer dereference", .nullDereference, true),
    ("unable to handle ", .pageFault, true), ("Unable to handle ", .pageFault, true),
    ("soft lockup", .softLockup, false), ("workqueue lockup", .workqueueLockup, false),
    ("KASAN: ", .kasan, false), ("KFENCE: ", .kfence, false), ("KCSAN: ", .kcsan, false),
    ("KMSAN: ", .kmsan, false), ("scheduling while atomic", .scheduling, false),
    ("sleeping function called", .sleeping, false), ("spinlock ", .spinlock, false),
    ("rwlock ", .spinlock, false), ("Bad page", .badPage, false), ("Bad rss", .badPage, false),
    ("non-zero ", .badPage, false), ("TASK stack guard", .stackOverflow, true),
    ("IRQ stack guard", .stackOverflow, true), ("stack guard", .stackOverflow, true),
    ("Invalid wait context", .lockdep, false), ("held lock freed", .lockdep, false),
    ("MAX_LOCK", .lockdep, false), ("looking up invalid", .lockdep, false),
  ]

  private static let starts: [(String, CrashKind, isFault: Bool)] = [
    ("Unable to handle kernel ", .pageFault, true), ("Unhandled fault: ", .fault, true),
    ("Unhandled ", .fault, true), ("Bad mode in ", .fault, true),
    ("Internal error: ", .oops, true), ("PANIC: double fault", .doubleFault, true),
    ("SError Interrupt on CPU", .systemError, true),
    ("Insufficient stack space to handle exception", .stackOverflow, true),
    ("list_add corruption", .listCorruption, false),
    ("list_del corruption", .listCorruption, false),
    ("list_add double add", .listCorruption, false), ("usercopy: ", .usercopy, false),
    ("UBSAN: ", .ubsan, false), ("CFI failure ", .controlFlow, false),
    ("SysRq : Trigger a crash", .sysrq, true), ("Trigger a crash", .sysrq, true),
    ("Do you have a strange power saving mode enabled?", .unknownNMI, false),
    ("NMI: PCI system error", .nmi, false), ("NMI: IOCK error", .nmi, false),
    ("NMI: memory parity error", .nmi, false), ("EXT4-fs error (", .ext4Error, false),
    ("BTRFS critical", .btrfsError, false), ("BTRFS: error", .btrfsError, false),
  ]

  private static let lockReports: [String] = [
    "possible ", "inconsistent lock", "suspicious RCU", "bad unlock", "lock held", "held lock",
    "Nested lock", "HARDIRQ", "SOFTIRQ", "HARDIRQ-safe", "SOFTIRQ-safe",
  ]
}

extension LogBytes {
  /// It without the names of subsystems that may stand before what is recognised.
  fileprivate var withoutSubsystem: LogBytes {
    var rest = self
    let names = [
      "NMI watchdog: ", "watchdog: ", "rcu: ", "traps: ", "mce: ", "sysrq: ", "[Hardware Error]: ",
    ]
    while let name = names.first(where: { rest.begins($0) }) {
      rest = rest.dropFirst(name.utf8.count)
    }
    return rest
  }

  /// It without `: 0000` at its end.
  fileprivate var withoutErrorCode: LogBytes {
    guard let colon = lastPosition(of: ": ") else { return self }
    let code = self[(colon + 2)...]
    return !code.isEmpty && code.allSatisfy { $0.hexadecimalDigit != nil } ? self[..<colon] : self
  }

  /// Where the name of a hung task ends.
  fileprivate var endOfBlocked: Int? {
    position(of: " blocked for more than ") ?? position(of: " blocked in I/O wait for more than ")
  }

  /// Whether it says which fault it was, not only its error code: `0002 [#1]`, `Oops [#1]`.
  fileprivate var isNamedFault: Bool {
    guard let word = words.first, !word.begins("Oops") else { return false }
    return !word.allSatisfy { $0.hexadecimalDigit != nil }
  }

  /// Whether it is `file:line`.
  fileprivate var isPlace: Bool {
    lastIndex(of: 0x3A).map { self[($0 + 1)...].leadingNumber != nil } ?? false
  }
}

extension CrashKind {
  /// What a BUG() at `place` in the source is.
  fileprivate init(bugAt place: LogBytes) {
    let file = place.until(":")
    self =
      file.holds("list_debug.c") ? .listCorruption : file.holds("mm/usercopy.c") ? .usercopy : .bug
  }

  /// What a warning at `place` is.
  fileprivate init(warningAt place: LogBytes?) {
    self = place?.until(":").holds("list_debug.c") == true ? .listCorruption : .warning
  }
}
