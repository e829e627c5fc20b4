/// What ran on the processor that crashed: the line "CPU: 1 PID: 577 Comm: bash Not tainted 6.12.0 #1".
struct CrashTask {
  var processor: UInt64?
  var user: UInt64?
  var number: UInt64?
  var name: LogBytes?
  var taint: LogBytes?
  var release: LogBytes?
  var preemption: LogBytes?
  var hardware: LogBytes?
  var isKdumpLoaded: Bool?

  /// A task that another line names.
  init(processor: UInt64?, name: LogBytes?, number: UInt64?) {
    self.processor = processor
    self.name = name
    self.number = number
  }

  /// Nil unless `message` is the start of such a line. It may be cut off: then fields are missing.
  init?(_ message: LogBytes) {
    let head = message.until("omm: ")
    if message.begins("CPU: "), let number = message.dropFirst(5).leadingNumber, head.holds("PID: ")
    {
      processor = number
      user = head.after("UID: ")?.leadingNumber
      self.number = head.after(" PID: ")?.leadingNumber
    } else if message.begins("Pid: "), let number = message.dropFirst(5).leadingNumber {
      // Before 3.10.
      self.number = number
    } else {
      return nil
    }
    guard let rest = message.after("omm: "), let state = rest.stateOfTaint else { return }
    let named = rest[..<state]
    name = named.until(" Kdump: ").trimmed
    if named.holds(" Kdump: loaded") { isKdumpLoaded = true }
    readState(rest[state...].dropFirst())
    let words = rest[state...].words
    if message.begins("Pid: "), let build = words.firstIndex(where: { $0.first == 0x23 }),
      build + 1 < words.count
    {
      hardware = rest[words[build + 1].startIndex...]
    }
  }

  /// A hung task, from the line about it, and the line below that: `      Not tainted 6.1.0 #1`.
  init(hung name: LogBytes?, number: UInt64?, below: LogBytes?) {
    self.init(processor: nil, name: name, number: number)
    guard let below, below.begins("Not tainted ") || below.begins("Tainted: "), below.holds(" #")
    else { return }
    readState(below)
  }

  /// Reads what begins with "Not tainted" or "Tainted: ".
  private mutating func readState(_ state: LogBytes) {
    let version: LogBytes
    if let flags = state.after(start: "Tainted: ") {
      let end = flags.endOfTaint
      taint = flags[..<end].trimmed
      version = flags[end...].trimmed
    } else {
      taint = state.prefix(11)
      version = state.dropFirst(11).trimmed
    }
    let words = version.words
    release = words.first.flatMap { $0.begins("#") ? nil : $0 }
    preemption = words.first { $0.begins("PREEMPT") }
  }

  /// Whether nothing of the line is missing.
  var isWhole: Bool { release != nil }
}

extension LogBytes {
  /// Where the space before "Not tainted" or "Tainted: " is. The name of the task may have such words, too: the last
  /// ones are the kernel's.
  fileprivate var stateOfTaint: Int? {
    [lastPosition(of: " Not tainted"), lastPosition(of: " Tainted: ")].compactMap { $0 }.max()
  }

  /// The end of the letters of a taint at the start: words of capital letters and dashes. A release that is
  /// such a word is told by the `#` of the build behind it.
  fileprivate var endOfTaint: Int {
    let words = self.words
    if let build = words.firstIndex(where: { $0.first == 0x23 }), build > 0 {
      return words[build - 1].startIndex
    }
    return words.first { !$0.allSatisfy { $0.isTaintFlag } }?.startIndex ?? endIndex
  }
}

extension UInt8 {
  fileprivate var isTaintFlag: Bool { (0x41...0x5A).contains(self) || self == 0x2D }
}
