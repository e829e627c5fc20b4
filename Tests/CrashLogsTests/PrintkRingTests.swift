import CrashDumps
import TestSupport
import Testing

@testable import CrashLogs

struct PrintkRingTests {
  /// The log of a ring as text.
  static func text(
    _ log: CrashLog, _ format: LogFormat = LogFormat(.dmesg), from first: Int = 0
  ) -> String {
    var writer = LogFormat.Writer(format, of: log)
    var output: [UInt8] = []
    for record in log.records[first...] { writer.write(record, to: &output) }
    writer.finish(&output)
    return String(decoding: output, as: UTF8.self)
  }

  @Test("The log of a kernel since 5.10 has what was written")
  func readsWhatWasWritten() throws {
    var ring = PrintkRingBuilder()
    ring.append(Array("Linux version 6.12.0".utf8), time: 0, level: 5)
    ring.append([], time: 1_500_000_999)
    ring.append(
      Array("two\nlines".utf8), time: 99_999_000_001_999, level: 3, facility: 3, caller: 1 << 31 | 2
    )
    ring.append(Array("\u{1B}[1mb\\ü\u{9B}".utf8), time: 3, flags: 8, state: 1)
    let log = try CrashLog(ring.memory)
    #expect(log.damage.isNothing)
    #expect(log.records.map(\.sequence) == [0, 1, 2, 3])
    #expect(log.records.map(\.level) == [5, 6, 3, 6])
    #expect(log.records[2].caller == .processor(2))
    #expect(log.records.map(\.isContinuation) == [false, false, false, true])
    #expect(
      Self.text(log) == """
        [    0.000000] Linux version 6.12.0
        [    1.500000]\u{20}
        [99999.000001] two
        [99999.000001] lines
        [    0.000000] \u{1B}[1mb\\ü\u{9B}

        """)
    #expect(
      Self.text(log, LogFormat(.raw, showsCaller: true), from: 2).hasPrefix(
        """
        <27>[99999.000001] [    C2] two
        <27>[99999.000001] [    C2] lines
        <6>[    0.000000] [    T1] \u{1B}
        """))
    #expect(
      Self.text(log, LogFormat(.kmsg, showsCaller: true), from: 2) == """
        27,2,99999000001,-,caller=C2;two\\x0alines
        6,3,0,c,caller=T1;\\x1b[1mb\\x5c\\xc3\\xbc\\xc2\\x9b

        """)
    #expect(
      Self.text(log, LogFormat(.dmesg, escapesControls: true), from: 3)
        == "[    0.000000] \\x1b[1mb\\ü\\xc2\\x9b\n")
  }

  /// Records of all lengths, so that blocks end everywhere: also exactly where the ring does. The logical numbers
  /// pass zero.
  @Test("Every record is found, also at the exact end of the ring", arguments: [true, false])
  func findsEveryRecordWhereverItLies(_ usesLastByte: Bool) throws {
    var ring = PrintkRingBuilder(countBits: 5, sizeBits: 9, usesLastByte: usesLastByte)
    var endsAtEnd = 0
    for number in 0..<3000 {
      let length = number * 7 % 61
      ring.append(
        [UInt8](repeating: UInt8(0x21 + number % 90), count: length), time: UInt64(number))
      if length > 0, ring.nextIndex == 0 { endsAtEnd += 1 }
      let log = try CrashLog(ring.memory)
      #expect(log.damage.isNothing, "after \(number)")
      #expect(log.records.count == ring.liveCount)
      let last = try #require(log.records.last)
      #expect(last.text == [UInt8](repeating: UInt8(0x21 + number % 90), count: length))
      #expect(last.sequence == UInt64(number))
      let first = try #require(log.records.first?.sequence)
      #expect(log.records.map(\.sequence) == Array(first...UInt64(number)))
    }
    // Only newer kernels put a block there.
    #expect(usesLastByte ? endsAtEnd > 10 : endsAtEnd == 0)
  }

  @Test("What dmesg -C has cleared is known")
  func knowsWhatWasCleared() throws {
    var ring = PrintkRingBuilder()
    ring.append([0x61])
    ring.append([0x62])
    ring.clear()
    #expect(try CrashLog(ring.memory).firstSinceClear == 2)
    ring.append([0x63])
    let log = try CrashLog(ring.memory)
    #expect(log.firstSinceClear == 2)
    #expect(Self.text(log, from: 2) == "[    0.000000] c\n")
  }

  @Test("An empty ring is not damaged")
  func anEmptyRingIsNoDamage() throws {
    let log = try CrashLog(PrintkRingBuilder().memory)
    #expect(log.records.isEmpty)
  }

  @Test("What is damaged in the ring is said")
  func saysWhatIsDamaged() throws {
    var ring = PrintkRingBuilder()
    for letter in UInt8(0x61)...0x66 { ring.append([letter]) }
    var memory = ring.memory
    // The kernel gave the text up; another record's text; a record that was being written; a size beyond the block.
    memory.set(UInt64(1), at: ring.descriptor(0) + 8)
    memory.set(UInt64(1), at: ring.descriptor(0) + 16)
    memory.set(UInt64(77), at: PrintkRingBuilder.text + 16)
    memory.set(UInt64(0), at: ring.descriptor(2))
    let slot = (ring.descriptor(3) - PrintkRingBuilder.descriptors) / 24
    memory.set(UInt16(9), at: PrintkRingBuilder.infos + slot * 88 + 16)
    let log = try CrashLog(memory)
    #expect(Self.text(log) == "[    0.000000] e\n[    0.000000] f\n")
    #expect(log.damage.textLost == 1)
    #expect(log.damage.unreadable == 3)
    #expect(!log.damage.isSearched)
  }

  @Test("A ring whose ends are not valid is searched")
  func searchesTheRingWhenItsEndsAreImpossible() throws {
    var ring = PrintkRingBuilder()
    for letter in UInt8(0x61)...0x66 { ring.append([letter]) }
    var memory = ring.memory
    memory.set(UInt64(12_345_678), at: PrintkRingBuilder.ring + 40)
    let log = try CrashLog(memory)
    #expect(log.records.map(\.text) == (UInt8(0x61)...0x66).map { [$0] })
    #expect(log.damage.isSearched)
  }

  @Test("What lies in the parts of the ring that are there is kept")
  func keepsWhatThePresentPartsHave() throws {
    var ring = PrintkRingBuilder()
    for letter in UInt8(0x61)...0x66 { ring.append([letter]) }
    var memory = ring.memory
    // The second half of the text is not in the dump.
    memory.tables[3].bytes.removeLast(memory.tables[3].bytes.count - 48)
    let log = try CrashLog(memory)
    #expect(log.records.map(\.text) == [[0x61], [0x62], [0x63]])
    #expect(log.damage.unreadable == 3)
  }

  @Test(arguments: [
    ("count_bits", 16, CrashLogError.impossible("count_bits", 60)),
    ("size_bits", 72, CrashLogError.impossible("size_bits", 60)),
  ])
  func refusesSizesThatNoRingHas(_ name: String, _ offset: Int, _ error: CrashLogError) {
    var memory = PrintkRingBuilder().memory
    memory.set(UInt32(60), at: PrintkRingBuilder.ring + UInt64(offset))
    #expect(throws: error) { try CrashLog(memory) }
  }

  @Test("The key that VMCOREINFO lacks is named")
  func saysWhichKeyIsMissing() {
    for line in PrintkRingBuilder.information.split(separator: "\n").dropFirst() {
      var memory = PrintkRingBuilder().memory
      let rest = PrintkRingBuilder.information.split(separator: "\n").filter { $0 != line }
      memory.information = VMCoreInfo(Array(rest.joined(separator: "\n").utf8))
      let key = line.prefix { $0 != "=" }
      if key.hasSuffix("(prb)") {
        #expect(throws: CrashLogError.noLog) { try CrashLog(memory) }
      } else if key.contains("clear") || key.contains("latched") || key.contains("caller")
        || key.contains("SIZE(printk_ringbuffer)")
      {
        #expect(throws: Never.self) { try CrashLog(memory) }
      } else {
        #expect(throws: CrashLogError.memory(.missingKey(String(key)))) { try CrashLog(memory) }
      }
    }
  }

  /// A ring that says that it has four million records, of which the dump has none.
  @Test(.timeLimit(.minutes(5))) func endsThoughManyRecordsAreMissing() throws {
    var memory = PrintkRingBuilder().memory
    memory.set(UInt32(22), at: PrintkRingBuilder.ring + 16)
    memory.set(UInt64(1) << 40, at: PrintkRingBuilder.ring + 40)
    memory.tables[1].bytes = []
    let log = try CrashLog(memory)
    #expect(log.records.isEmpty)
    #expect(log.damage.isSearched)
  }

  /// Any bytes in any of the tables: it ends, and what it says is bounded by the ring.
  @Test("A randomly damaged ring is read to its end, and the log is not larger than the ring")
  func survivesRandomDamage() throws {
    var random = SplitMix(seed: SplitMix.seed(of: "PrintkRingTests"))
    for _ in 0..<400 {
      var ring = PrintkRingBuilder(countBits: 5, sizeBits: 9)
      for number in 0..<80 { ring.append([UInt8](repeating: 0x61, count: number % 40)) }
      var memory = ring.memory
      memory.damage(12, tables: 4, using: &random)
      guard let log = try? CrashLog(memory) else { continue }
      #expect(log.records.count <= 32)
      #expect(log.records.allSatisfy { $0.text.count <= 512 })
    }
  }
}
