import ByteCoding
import CrashLogs

/// The text of a log: what the headline says is in it.
func fuzzPanicLog(_ input: Input) -> Int32 {
  let headline = CrashHeadline(log: input.bytes)
  // Lines may have been joined, and spaces collapsed, but every word stands in the log.
  let log = plain(input.bytes)
  for text in [
    headline.panic, headline.reason, headline.taskName, headline.taint, headline.release,
    headline.hardware,
  ] {
    for word in text?[...].parts(0x20) ?? [] {
      expect(log.holds(plain(word.losslessBytes)), "a word that is not in the log")
    }
  }
  expect(
    headline.kind == .unknown || headline.panic != nil || headline.reason != nil
      || headline.kind == .sysrq || headline.kind == .unknownNMI, "a kind without a reason")
  return 0
}

/// Without spaces and the marks of quoted mails.
private func plain(_ bytes: [UInt8]) -> [UInt8] {
  bytes.filter { $0 > 0x20 && $0 != 0x3E }
}

extension [UInt8] {
  /// Whether `part` is in it.
  fileprivate func holds(_ part: [UInt8]) -> Bool {
    guard let first = part.first else { return true }
    return indices.contains { self[$0] == first && self[$0...].starts(with: part) }
  }
}
