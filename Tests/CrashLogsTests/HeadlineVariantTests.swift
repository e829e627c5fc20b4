import TestSupport
import Testing

@testable import CrashLogs

/// Logs in all the forms that kernels have: Tests/Fixtures/panics/variants.txt.
struct HeadlineVariantTests {
  static let blocks = Fixtures.text("/panics/variants.txt").blocks(after: "=== ")

  @Test("There are variants of logs to read")
  func thereAreVariants() {
    #expect(Self.blocks.count == 39)
    #expect(Self.blocks.allSatisfy { $0.contains("\n= kind=") })
  }

  @Test("Each variant of a log gives the headline that stands above it", arguments: blocks)
  func readsIt(_ block: String) throws {
    let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
    let log = lines.dropFirst().filter { !$0.hasPrefix("= ") }.joined(separator: "\n")
    let headline = CrashHeadline(log: Array(log.utf8))
    for line in lines where line.hasPrefix("= ") {
      let field = line.dropFirst(2)
      let equals = try #require(field.firstIndex(of: "="))
      let found = try #require(
        headline.value(of: String(field[..<equals])), "no such field: \(field)")
      #expect(found == field[field.index(after: equals)...], "\(lines[0]): \(field)")
    }
  }

  /// A log that is cut off anywhere, or has other bytes somewhere, is still read to its end.
  @Test("A log that is truncated or has other bytes anywhere is read to its end")
  func survivesAnyCutAndAnyByte() throws {
    var random = SplitMix(seed: SplitMix.seed(of: "HeadlineVariantTests"))
    for block in Self.blocks {
      let log = Array(block.utf8)
      for end in stride(from: 0, to: log.count, by: 7) {
        _ = CrashHeadline(log: Array(log[..<end]))
        var damaged = log
        damaged[end] = UInt8.random(in: 0...255, using: &random)
        _ = CrashHeadline(log: damaged)
      }
    }
  }

  @Test("The headline says when the crash happened")
  func saysWhenItHappened() {
    let headline = CrashHeadline(log: Array("[   12.345678] Kernel panic - not syncing: a\n".utf8))
    #expect(headline.time == 12_345_678)
    #expect(headline.commandLine == nil)
    let log =
      "[    0.0] Linux\n[    0.000000] Command line: root=/dev/vda quiet\n[    1.000000] Kernel panic - not syncing: a"
    #expect(CrashHeadline(log: Array(log.utf8)).commandLine == "root=/dev/vda quiet")
  }

  /// A dump is made by the last oops, if there is no panic: those before did not stop the kernel.
  @Test("Without a panic, the last oops is the reason")
  func theLastOopsMadeTheDump() {
    let records = ["first", "second"].flatMap { name in
      ["Oops: 0002 [#1] SMP", "CPU: 1 PID: 1 Comm: \(name) Not tainted 6.1 #1"]
    }.map { text in
      LogRecord(
        sequence: 0, time: 0, facility: 0, level: 0, caller: nil, isContinuation: false,
        endsLine: true, text: Array(text.utf8))
    }
    #expect(CrashHeadline(CrashLog(records)).taskName == "second")
    let text = records.flatMap { $0.text + [0x0A as UInt8] }
    #expect(CrashHeadline(log: text).taskName == "first")
  }

  @Test("The headline counts oopses")
  func countsOopses() {
    let oops = "Oops: 0002 [#1] SMP\nCPU: 1 PID: 1 Comm: a Not tainted 6.1 #1\n"
    #expect(CrashHeadline(log: Array((oops + oops).utf8)).oopses == 2)
  }
}

extension String {
  /// The parts that follow a line that begins with `start`, each with the rest of that line.
  fileprivate func blocks(after start: String) -> [String] {
    var blocks: [String] = []
    for line in split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix(start) {
        blocks.append(String(line.dropFirst(start.count)))
      } else if !blocks.isEmpty {
        blocks[blocks.count - 1] += "\n" + line
      }
    }
    return blocks
  }
}
