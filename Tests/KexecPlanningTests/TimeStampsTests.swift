import ByteCoding
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct TimeStampsTests {
  @Test("kexec_stamps= is parsed as it was written and malformed values are rejected")
  func parsesTimeStampsAsWritten() throws {
    var stamps = TimeStamps(loaded: 0xABC, wallClock: 42)
    #expect(
      stamps.word
        == "kexec_stamps=0000000000000000,0000000000000000,0000000000000abc,000000000000002a")
    (stamps.entered, stamps.checked) = (1, .max)
    #expect(TimeStamps(word: stamps.word.dropFirst(13)) == stamps)
    for word in ["", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1,,2,3"] {
      #expect(TimeStamps(word: word) == nil)
    }
  }

  @Test(
    "kexec_stamps= stands before -- and its offset is counted in bytes",
    arguments: [
      ("", "kexec_stamps=", 13), ("quiet", "quiet kexec_stamps=", 19),
      ("a -- single", "a kexec_stamps=", 15), ("-- single", "kexec_stamps=", 13),
      // The length is in bytes, even if they are not text.
      (String(lossless: [0xE9, 0xFF]), String(lossless: [0xE9, 0xFF]) + " kexec_stamps=", 16),
    ])
  func putsTimeStampsBeforeDoubleDash(line: String, start: String, offset: Int) throws {
    var request = LoadRequest(kernel: .init(path: "k", bytes: .init([])))
    request.options.commandLine = line
    request.options.isStamped = true
    request.stamps = TimeStamps(loaded: 1, wallClock: 2)
    let whole = request.finalCommandLine(on: machine(running: ""))
    #expect(whole.hasPrefix(start))
    #expect(TimeStamps.textOffset(in: whole) == offset)
  }
}
