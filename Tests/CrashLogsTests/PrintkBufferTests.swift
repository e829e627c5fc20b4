import CrashDumps
import TestSupport
import Testing

@testable import CrashLogs

struct PrintkBufferTests {
  @Test("The log of a kernel of 3.5 to 5.9 has what was written", arguments: ["printk_log", "log"])
  func readsWhatWasWritten(_ structure: String) throws {
    var buffer = PrintkBufferBuilder(structure: structure)
    buffer.append(Array("Linux version 4.19".utf8), time: 0, level: 5)
    buffer.append(Array("two\nlines".utf8), time: 1_234_567_890, level: 4)
    buffer.append([], time: 2_000_000_000)
    let log = try CrashLog(buffer.memory)
    #expect(log.damage.isNothing)
    #expect(log.records.map(\.level) == [5, 4, 6])
    #expect(
      PrintkRingTests.text(log) == """
        [    0.000000] Linux version 4.19
        [    1.234567] two
        [    1.234567] lines
        [    2.000000]\u{20}

        """)
  }

  /// A line in parts is one line again, unless something else came between.
  @Test("The parts of one line are joined")
  func joinsTheFragmentsOfALine() throws {
    var buffer = PrintkBufferBuilder()
    buffer.append(Array("testing ".utf8), time: 1_000_000_000, flags: 8)
    buffer.append(Array("... ".utf8), time: 1_000_001_000, flags: 8)
    buffer.append(Array("ok".utf8), time: 1_000_002_000, flags: 10)
    buffer.append(Array("half ".utf8), time: 2_000_000_000, flags: 8)
    buffer.append(Array("another".utf8), time: 3_000_000_000)
    buffer.append(Array("open".utf8), time: 4_000_000_000, flags: 8)
    #expect(
      PrintkRingTests.text(try CrashLog(buffer.memory)) == """
        [    1.000000] testing ... ok
        [    2.000000] half\u{20}
        [    3.000000] another
        [    4.000000] open

        """)
  }

  @Test("Every record is found, wherever it lies in the buffer")
  func findsEveryRecordWhereverItLies() throws {
    var buffer = PrintkBufferBuilder(size: 640)
    var wasFull = false
    for number in 0..<3000 {
      let text = [UInt8](repeating: UInt8(0x21 + number % 90), count: number * 7 % 61)
      buffer.append(text, time: UInt64(number))
      let log = try CrashLog(buffer.memory)
      #expect(log.damage.isNothing, "after \(number)")
      #expect(log.records.count == buffer.liveCount, "after \(number)")
      #expect(log.records.last?.text == text)
      let first = try #require(log.records.first?.time)
      #expect(log.records.map(\.time) == Array(first...UInt64(number)))
      wasFull = wasFull || first > 0
    }
    #expect(wasFull)
  }

  @Test("What dmesg -C has cleared is known")
  func knowsWhatWasCleared() throws {
    var buffer = PrintkBufferBuilder()
    buffer.append([0x61])
    buffer.clear()
    #expect(try CrashLog(buffer.memory).firstSinceClear == 1)
    buffer.append([0x62])
    #expect(try CrashLog(buffer.memory).firstSinceClear == 1)
  }

  @Test("Reading stops at a record that is not valid")
  func stopsWhereARecordMakesNoSense() throws {
    var buffer = PrintkBufferBuilder()
    for letter in UInt8(0x61)...0x66 { buffer.append([letter]) }
    var memory = buffer.memory
    // The third record claims to be shorter than its header.
    memory.set(UInt16(4), at: PrintkBufferBuilder.buffer + 2 * 20 + 8)
    let log = try CrashLog(memory)
    #expect(log.records.map(\.text) == [[0x61], [0x62]])
    #expect(log.damage.unreadable == 1)
  }

  @Test("A size that no buffer has is refused")
  func refusesSizesThatNoBufferHas() {
    var memory = PrintkBufferBuilder().memory
    memory.set(UInt32(9), at: PrintkBufferBuilder.variables + 8)
    #expect(throws: CrashLogError.impossible("log_buf_len", 9)) { try CrashLog(memory) }
    memory = PrintkBufferBuilder().memory
    memory.set(UInt32(5000), at: PrintkBufferBuilder.variables + 12)
    #expect(throws: CrashLogError.impossible("log_first_idx", 5000)) { try CrashLog(memory) }
    memory = PrintkBufferBuilder().memory
    memory.set(UInt32(5000), at: PrintkBufferBuilder.variables + 16)
    #expect(throws: CrashLogError.impossible("log_next_idx", 5000)) { try CrashLog(memory) }
  }

  @Test("A randomly damaged buffer is read to its end")
  func survivesRandomDamage() throws {
    var random = SplitMix(seed: SplitMix.seed(of: "PrintkBufferTests"))
    for _ in 0..<1000 {
      var buffer = PrintkBufferBuilder(size: 640)
      for number in 0..<60 { buffer.append([UInt8](repeating: 0x61, count: number % 40)) }
      var memory = buffer.memory
      memory.damage(8, tables: 2, using: &random)
      guard let log = try? CrashLog(memory) else { continue }
      #expect(log.records.count <= 640 / 16)
    }
  }
}
