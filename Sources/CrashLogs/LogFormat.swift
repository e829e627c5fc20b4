/// How records become text.
package struct LogFormat: Sendable {
  /// The forms that other programs read, too.
  package enum Style: String, CaseIterable, Sendable {
    /// `[   12.345678] text`, as the console and `dmesg` have it.
    case dmesg
    /// The same with `<6>` before it: facility times 8 plus level.
    case raw
    /// `6,1234,12345678,-;text` of /dev/kmsg, where special characters are `\x0a`.
    case kmsg
  }

  /// The form.
  package var style: Style
  /// Whether the task or processor is said, as by kernels with CONFIG_PRINTK_CALLER.
  package var showsCaller: Bool
  /// Whether bytes that control a terminal become `\x1b`.
  package var escapesControls: Bool

  /// A format.
  package init(_ style: Style, showsCaller: Bool = false, escapesControls: Bool = false) {
    self.style = style
    self.showsCaller = showsCaller
    self.escapesControls = escapesControls
  }

  /// Writes records, one after the other.
  package struct Writer {
    private let format: LogFormat
    private let isOfLines: Bool
    /// Whether the line is not complete: the next record may go on with it.
    private var isOpen = false

    /// A writer for the records of `log`.
    package init(_ format: LogFormat, of log: CrashLog) {
      self.format = format
      isOfLines = log.isOfLines
    }

    /// Adds the text of `record` to `output`.
    package mutating func write(_ record: LogRecord, to output: inout [UInt8]) {
      if format.style == .kmsg { return writeDevice(record, to: &output) }
      // Before 5.10 a line in parts was several records (Documentation/ABI/testing/dev-kmsg).
      let isFragment = isOfLines && record.isContinuation
      if isOpen, !isFragment {
        output.append(0x0A)
        isOpen = false
      }
      var isFirst = true
      for line in record.text.split(separator: 0x0A, omittingEmptySubsequences: false) {
        if !isFirst { output.append(0x0A) }
        if !(isFirst && isOpen) { writePrefix(of: record, to: &output) }
        append(line, to: &output)
        isFirst = false
      }
      isOpen = isFragment && !record.endsLine
      if !isOpen { output.append(0x0A) }
    }

    /// Ends a line that is still open.
    package mutating func finish(_ output: inout [UInt8]) {
      if isOpen { output.append(0x0A) }
      isOpen = false
    }

    private func writePrefix(of record: LogRecord, to output: inout [UInt8]) {
      if format.style == .raw {
        output += Array("<\(UInt32(record.facility) * 8 + UInt32(record.level))>".utf8)
      }
      let microseconds = record.time / 1000
      output.append(0x5B)
      output.append(number: microseconds / 1_000_000, width: 5, fill: 0x20)
      output.append(0x2E)
      output.append(number: microseconds % 1_000_000, width: 6, fill: 0x30)
      output += [0x5D, 0x20]
      guard format.showsCaller, let caller = record.caller else { return }
      let name = Array(caller.text.utf8)
      output.append(0x5B)
      for _ in 0..<max(0, 6 - name.count) { output.append(0x20) }
      output += name
      output += [0x5D, 0x20]
    }

    private func append(_ line: ArraySlice<UInt8>, to output: inout [UInt8]) {
      guard format.escapesControls else {
        output += line
        return
      }
      var previous: UInt8 = 0
      for byte in line {
        if previous == 0xC2, (0x80...0x9F).contains(byte) {
          // The characters U+0080 to U+009F control terminals, too.
          output.removeLast()
          output.append(escaped: 0xC2)
          output.append(escaped: byte)
        } else if (byte < 0x20 && byte != 0x09) || byte == 0x7F {
          output.append(escaped: byte)
        } else {
          output.append(byte)
        }
        previous = byte
      }
    }

    private func writeDevice(_ record: LogRecord, to output: inout [UInt8]) {
      let priority = UInt32(record.facility) * 8 + UInt32(record.level)
      let caller = format.showsCaller ? record.caller.map { ",caller=\($0.text)" } ?? "" : ""
      let head =
        "\(priority),\(record.sequence ?? 0),\(record.time / 1000),\(record.isContinuation ? "c" : "-")\(caller);"
      output += Array(head.utf8)
      for byte in record.text {
        if byte < 0x20 || byte >= 0x7F || byte == 0x5C {
          output.append(escaped: byte)
        } else {
          output.append(byte)
        }
      }
      output.append(0x0A)
    }
  }
}

extension [UInt8] {
  /// Adds the digits of `number`, filled on the left to `width`.
  fileprivate mutating func append(number: UInt64, width: Int, fill: UInt8) {
    let digits = Array(String(number).utf8)
    for _ in 0..<Swift.max(0, width - digits.count) { append(fill) }
    self += digits
  }

  /// Adds `\x1b` for `byte`.
  fileprivate mutating func append(escaped byte: UInt8) {
    let digits = Array("0123456789abcdef".utf8)
    self += [0x5C, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
