import ByteCoding
import CrashLogs

/// The text of a log: what the headline says is in it.
func fuzzPanicLog(_ input: Input) -> Int32 {
  let headline = CrashHeadline(log: input.bytes)
  // Lines may have been joined, and spaces collapsed, but every word stands in the log.
  let log = String(lossless: input.bytes.filter { $0 > 0x20 && $0 != 0x3E })
  for text in [
    headline.panic, headline.reason, headline.taskName, headline.taint, headline.release,
    headline.hardware,
  ] {
    for word in text?[...].parts(0x20) ?? [] {
      let bytes = word.losslessBytes.filter { $0 > 0x20 && $0 != 0x3E }
      expect(bytes.isEmpty || log.holds(String(lossless: bytes)), "a word that is not in the log")
    }
  }
  expect(
    headline.kind == .unknown || headline.panic != nil || headline.reason != nil
      || headline.kind == .sysrq || headline.kind == .unknownNMI, "a kind without a reason")
  return 0
}
