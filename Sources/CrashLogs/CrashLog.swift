package import CrashDumps

/// The log of a crashed kernel.
package struct CrashLog: Sendable {
  /// The records that could be read, oldest first.
  package let records: [LogRecord]
  /// Where in `records` those begin that `dmesg -C` has not cleared; nil if the kernel does not say.
  package let firstSinceClear: Int?
  /// What could not be read.
  package let damage: LogDamage
  /// Whether the records are those of kernels before 5.10, where a line may be in several records.
  package let isOfLines: Bool

  /// Reads the log out of a kernel's memory.
  ///
  /// - Throws: if nothing of it can be found. What is damaged inside is `damage`.
  package init<Memory: KernelAddressSpace>(_ memory: Memory) throws(CrashLogError) {
    let information = memory.information
    if information.symbol("prb") != nil {
      var ring = try PrintkRing(memory)
      let (records, damage) = ring.readAll()
      self.records = records
      self.damage = damage
      firstSinceClear = PrintkRing.clearSequence(memory).map { cleared in
        records.firstIndex { ($0.sequence ?? 0) >= cleared } ?? records.count
      }
      isOfLines = false
    } else if information.symbol("log_buf") != nil {
      let buffer = try PrintkBuffer(memory)
      (records, firstSinceClear, damage) = buffer.readAll()
      isOfLines = true
    } else {
      throw .noLog
    }
  }

  /// A log of these records.
  init(_ records: [LogRecord], isOfLines: Bool = false) {
    self.records = records
    self.isOfLines = isOfLines
    firstSinceClear = nil
    damage = LogDamage()
  }

  /// The kernel's own records as lines, for the headline: what programs have written proves nothing.
  package var lines: [LogLine] {
    var lines: [LogLine] = []
    for record in records where record.facility == 0 {
      for line in record.text.split(separator: 0x0A) {
        lines.append(LogLine(line, time: record.time / 1000))
      }
    }
    return lines.filter { !$0.message.isEmpty }
  }
}
