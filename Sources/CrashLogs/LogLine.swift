/// One line of a kernel's log: what stands before the message, and the message.
package struct LogLine: Sendable {
  /// Microseconds since the kernel started; nil if the line does not say when.
  package let time: UInt64?
  /// Whether the line has anything of a prefix. A line without one, in a log with prefixes, continues the line
  /// before it.
  package let hasPrefix: Bool
  /// Whether the kernel wrote it; false if the line says that a program did.
  package let isOfKernel: Bool
  /// The message, without spaces at both ends.
  package let message: LogBytes

  /// Reads a line in any of the forms in which logs are passed on: as the console or `dmesg` printed it, with or
  /// without times, levels and callers; as /dev/kmsg has it; as syslog and journalctl print it.
  init(_ line: LogBytes) {
    var rest = line.trimmed.withoutQuotes.withoutColours
    var priority: UInt64 = 0
    var time: UInt64?
    if let after = rest.syslogPrefix { rest = after }
    if let (found, after) = rest.priorityPrefix { (priority, rest) = (found, after) }
    if let (found, foundTime, after) = rest.devicePrefix {
      (priority, time, rest) = (found, foundTime, after)
    } else {
      if let (found, after) = rest.timePrefix ?? rest.laterTimePrefix {
        (time, rest) = (found, after)
      }
      if let after = rest.callerPrefix { rest = after }
    }
    self.time = time
    // Facility 0, which takes the numbers up to 7.
    isOfKernel = priority < 8
    message = rest.trimmed
    hasPrefix = message.count < line.trimmed.withoutQuotes.count
  }

  /// A line of a record, which has nothing before the message.
  init(_ line: LogBytes, time: UInt64) {
    self.time = time
    isOfKernel = true
    hasPrefix = true
    message = line.trimmed
  }

  /// A line that is two lines of the text.
  init(_ line: LogLine, continuedBy message: LogBytes) {
    time = line.time
    isOfKernel = line.isOfKernel
    hasPrefix = line.hasPrefix
    self.message = message
  }

  /// The kernel's own lines in `log`, without empty ones. What programs have written proves nothing.
  package static func lines(of log: [UInt8]) -> [LogLine] {
    log.split(separator: 0x0A).map { LogLine($0) }.filter { $0.isOfKernel && !$0.message.isEmpty }
  }
}

extension LogBytes {
  /// It without the marks of a quoted mail: "> > ". A level such as `<4>` starts otherwise.
  fileprivate var withoutQuotes: LogBytes {
    first == 0x3E ? drop { $0 == 0x3E || $0.isBlank } : self
  }

  /// It without escape sequences of a terminal at the start.
  fileprivate var withoutColours: LogBytes {
    var rest = self
    while rest.starts(with: [0x1B, 0x5B]) {
      let parameters = rest.dropFirst(2).drop { !(0x40...0x7E).contains($0) }
      rest = parameters.dropFirst()
    }
    return rest
  }

  /// `<4>`: facility times 8 plus level. The number is at most four digits.
  fileprivate var priorityPrefix: (UInt64, LogBytes)? {
    guard first == 0x3C, let number = dropFirst().leadingNumber, number < 8192 else { return nil }
    let rest = dropFirst().withoutLeadingDigits
    return rest.first == 0x3E ? (number, rest.dropFirst()) : nil
  }

  /// `4,1234,5678901,-;` of /dev/kmsg: facility and level, sequence number, microseconds.
  fileprivate var devicePrefix: (UInt64, UInt64, LogBytes)? {
    guard let priority = leadingNumber, priority < 8192 else { return nil }
    let second = withoutLeadingDigits
    guard second.first == 0x2C, second.dropFirst().leadingNumber != nil else { return nil }
    let third = second.dropFirst().withoutLeadingDigits
    guard third.first == 0x2C, let time = third.dropFirst().leadingNumber,
      let end = third.firstIndex(of: 0x3B), end - third.startIndex < 100
    else { return nil }
    return (priority, time, third[(end + 1)...])
  }

  /// `[   12.345678]`, or a date in brackets as `dmesg -T` has it; or the first word of `dmesg
  /// --time-format=iso`.
  fileprivate var timePrefix: (UInt64?, LogBytes)? {
    if first == 0x5B, let end = prefix(40).firstIndex(of: 0x5D) {
      let inside = self[(startIndex + 1)..<end].trimmed
      let rest = self[(end + 1)...]
      if let seconds = inside.leadingNumber {
        let point = inside.withoutLeadingDigits
        guard point.first == 0x2E, let fraction = point.dropFirst().leadingNumber,
          point.dropFirst().withoutLeadingDigits.isEmpty, point.count == 7
        else { return nil }
        let (micro, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return (isTooLarge ? nil : micro + fraction, rest.trimmedStart)
      }
      let words = inside.words
      return words.count == 5 && words[3].holds(":") ? (nil, rest.trimmedStart) : nil
    }
    guard isDate, let end = firstIndex(of: 0x20) else { return nil }
    if !self[..<end].holds("T") {
      // `2026-11-27 21:13:09 text`, as programs for netconsole write it.
      let rest = self[end...].trimmedStart
      guard let clockEnd = rest.firstIndex(of: 0x20),
        rest[..<clockEnd].filter({ $0 == 0x3A }).count == 2
      else { return nil }
      return (nil, rest[clockEnd...].trimmedStart)
    }
    guard self[..<end].holds(":") else { return nil }
    return (nil, self[end...].trimmedStart)
  }

  /// A time behind something else, such as the prompt on a serial console: `host login: [   12.345678] text`.
  fileprivate var laterTimePrefix: (UInt64?, LogBytes)? {
    for (index, byte) in prefix(120).enumerated() where byte == 0x5B {
      if let found = dropFirst(index).timePrefix, found.0 != nil { return found }
    }
    return nil
  }

  /// `[ T5831]` or `[    C0]` of kernels with CONFIG_PRINTK_CALLER: a task or a processor.
  fileprivate var callerPrefix: LogBytes? {
    guard first == 0x5B, let end = prefix(48).firstIndex(of: 0x5D) else { return nil }
    let inside = self[(startIndex + 1)..<end].trimmed
    guard inside.first == 0x54 || inside.first == 0x43, inside.dropFirst().first?.digit != nil
    else { return nil }
    return self[(end + 1)...]
  }

  /// `Nov 27 21:13:09 host kernel: `, the same with a date as in ISO 8601, or `kern  :warn  : ` of `dmesg -x`.
  fileprivate var syslogPrefix: LogBytes? {
    if begins("kern"), let colon = prefix(10).firstIndex(of: 0x3A) {
      let level = self[(colon + 1)...]
      guard let end = level.prefix(10).firstIndex(of: 0x3A),
        LogRecord.levelNames.contains(level[..<end].trimmed.text)
      else { return nil }
      return level[(end + 1)...].trimmedStart
    }
    guard isDate || Self.months.contains(where: { begins($0) }),
      let end = prefix(120).after("kernel: ")
    else { return nil }
    return self[end.startIndex...].trimmedStart
  }

  /// Whether it starts with a year and a month, as in ISO 8601.
  private var isDate: Bool {
    prefix(4).allSatisfy { $0.digit != nil } && dropFirst(4).first == 0x2D
      && dropFirst(7).first == 0x2D
  }

  private var trimmedStart: LogBytes { drop { $0.isBlank } }

  private static var months: [String] {
    [
      "Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ",
      "Dec ",
    ]
  }
}
