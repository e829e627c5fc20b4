internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import LinuxSystem

extension DumpCommand {
  /// `kexec dump log`: the log as `dmesg` showed it.
  func printLog() throws(CommandError) {
    let image = try openDump(source)
    let log = try readLog(of: image, path: source)
    try requireWhole(image, path: source)
    guard !common.isQuiet else { return }
    let records = wanted(of: log)
    if common.printsJSON {
      return try kernel.write(json(of: log, records, release: image.information.release).text)
    }
    // Bytes that control a terminal may be anything that a program wrote into the log.
    var writer = LogFormat.Writer(
      LogFormat(
        values.logFormat, showsCaller: values.showsCaller,
        escapesControls: kernel.outputTerminal.width != nil), of: log)
    var output: [UInt8] = []
    for record in records {
      writer.write(record, to: &output)
      guard output.count >= 65_536 else { continue }
      try kernel.write(String(lossless: output))
      output.removeAll(keepingCapacity: true)
    }
    writer.finish(&output)
    try kernel.write(String(lossless: output))
  }

  /// The records that the options ask for.
  private func wanted(of log: CrashLog) -> [LogRecord] {
    if values.isSinceClear, log.firstSinceClear == nil {
      warn("\(quoted(source)): when the log was cleared is not known, so all of it is printed")
    }
    let first = values.isSinceClear ? log.firstSinceClear ?? 0 : 0
    return log.records[first...].filter { values.logLevels & 1 << $0.level != 0 }
  }

  private func json(of log: CrashLog, _ records: [LogRecord], release: String?) -> JSON {
    .document([
      (
        "records",
        .array(
          records.map { record in
            .object([
              ("sequence", .optional(record.sequence)), ("timeNanoseconds", .number(record.time)),
              ("facility", .number(UInt64(record.facility))),
              ("level", .number(UInt64(record.level))),
              ("caller", .optional(record.caller?.text)),
              ("isContinuation", .bool(record.isContinuation)),
              ("text", .string(String(lossless: record.text))),
            ])
          })
      ),
      ("release", .optional(release)), ("damage", log.damage.json),
    ])
  }
}

extension LogDamage {
  /// For programs.
  var json: JSON {
    .object([
      ("unfinished", .number(UInt64(unfinished))), ("textLost", .number(UInt64(textLost))),
      ("unreadable", .number(UInt64(unreadable))), ("isSearched", .bool(isSearched)),
    ])
  }
}
