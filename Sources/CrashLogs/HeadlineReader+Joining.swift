extension HeadlineReader {
  /// The lines, with those joined that a console or a mail has broken in the middle of what is read here.
  static func joined(_ lines: [LogLine]) -> [LogLine] {
    var result: [LogLine] = []
    result.reserveCapacity(lines.count)
    var index = 0
    while index < lines.count {
      let line = lines[index]
      index += 1
      guard line.message.isBroken, let (whole, count) = line.message.mended(by: lines[index...])
      else {
        result.append(line)
        continue
      }
      result.append(LogLine(line, continuedBy: whole))
      index += count
    }
    return result
  }
}

extension LogBytes {
  /// Whether it starts like a line that is read here, and something is missing.
  fileprivate var isBroken: Bool {
    if begins("CPU: ") || begins("Pid: ") {
      // Other lines with CPU have no number behind it.
      guard dropFirst(5).leadingNumber != nil else { return false }
      return CrashTask(self)?.isWhole != true
    }
    guard begins("RIP: 0010:") || begins("RIP: e030:") || begins("pc : ") else { return false }
    return CodePlace.line(self) == nil
  }

  /// The whole message with one or two of the `next` lines, which have no prefix of their own, and how many they
  /// were; nil if that makes no sense.
  fileprivate func mended(by next: ArraySlice<LogLine>) -> (LogBytes, Int)? {
    var plain = self
    for (count, line) in next.prefix(2).enumerated() {
      guard !line.hasPrefix else { return nil }
      let spaced = plain + [0x20] + line.message
      plain += line.message
      // A console breaks words, a mail only lines; behind the name of the task there are only words.
      let isAtWord = holds(" Tainted: ") || holds(" Not tainted")
      for whole in isAtWord ? [spaced, plain] : [plain, spaced] where !whole.isBroken {
        return (whole, count + 1)
      }
    }
    return nil
  }
}
