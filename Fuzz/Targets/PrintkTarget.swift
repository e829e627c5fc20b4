import CrashLogs
import TestSupport

/// A full ring or buffer of printk, in which single bytes are changed.
///
/// The first byte chooses which one. Four bytes are a change: the table, where in it (two bytes), the new byte.
func fuzzPrintk(_ input: Input) -> Int32 {
  guard let choice = input.bytes.first else { return -1 }
  var memory: KernelAddressSpaceFixture
  if choice & 1 == 0 {
    var ring = PrintkRingBuilder(countBits: 5, sizeBits: 9, usesLastByte: choice & 2 == 0)
    for number in 0..<60 { ring.append([UInt8](repeating: 0x61, count: number * 7 % 40)) }
    memory = ring.memory
  } else {
    var buffer = PrintkBufferBuilder(size: 640)
    for number in 0..<60 {
      buffer.append([UInt8](repeating: 0x61, count: number * 7 % 40), flags: UInt8(number & 10))
    }
    memory = buffer.memory
  }
  var rest = input.bytes.dropFirst()
  while rest.count >= 4 {
    let change = Array(rest.prefix(4))
    let table = Int(change[0]) % memory.tables.count
    let index = (Int(change[1]) << 8 | Int(change[2])) % memory.tables[table].bytes.count
    memory.tables[table].bytes[index] = change[3]
    rest = rest.dropFirst(4)
  }
  guard let log = try? CrashLog(memory) else { return 0 }
  expect(log.records.count <= 40, "more records than there is space for")
  var output: [UInt8] = []
  for style in LogFormat.Style.allCases {
    var writer = LogFormat.Writer(
      LogFormat(style, showsCaller: true, escapesControls: true), of: log)
    for record in log.records { writer.write(record, to: &output) }
    writer.finish(&output)
  }
  expect(log.records.isEmpty || output.last == 0x0A, "the last line does not end")
  expect(
    output.allSatisfy { $0 >= 0x20 || $0 == 0x0A || $0 == 0x09 }, "a control character is left")
  _ = CrashHeadline(log)
  return 0
}
