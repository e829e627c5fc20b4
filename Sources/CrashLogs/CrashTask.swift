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
    guard let rest = message.after("omm: ") else { return }
    // The name may have spaces, and words like these: the last ones are the kernel's.
    let untainted = rest.lastPosition(of: " Not tainted")
    let tainted = rest.lastPosition(of: " Tainted: ")
    guard let state = [untainted, tainted].compactMap({ $0 }).max() else { return }
    let named = rest[..<state]
    name = named.until(" Kdump: ").trimmed
    if named.holds(" Kdump: loaded") { isKdumpLoaded = true }
    let version: LogBytes
    if state == tainted {
      let flags = rest[(state + 10)...].drop { !$0.isTaintFlag && !$0.isBlank }
      let end = flags.endOfTaint
      taint = rest[(state + 10)..<end].trimmed
      version = rest[end...].trimmed
    } else {
      taint = rest[(state + 1)..<(state + 12)]
      version = rest[(state + 12)...].trimmed
    }
    let words = version.words
    release = words.first
    guard let release, !release.begins("#") else {
      self.release = nil
      return
    }
    preemption = words.first { $0.begins("PREEMPT") }
    if message.begins("Pid: "), words.count > 2 {
      hardware = version[words[2].startIndex...]
    }
  }

  /// Whether nothing of the line is missing.
  var isWhole: Bool { release != nil }
}

extension LogBytes {
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
