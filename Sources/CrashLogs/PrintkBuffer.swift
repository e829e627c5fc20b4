internal import ByteCoding
internal import CrashDumps

/// The log's buffer of Linux 3.5 to 5.9: records of variable length, one after the other. Corresponds to
/// `struct printk_log`, which was called `struct log` before 3.11.
struct PrintkBuffer<Memory: KernelAddressSpace> {
  private let memory: Memory
  private let buffer: UInt64
  private let size: UInt64
  private let first: UInt64
  private let next: UInt64
  private let headerSize: Int
  private let time: Int, length: Int, textLength: Int, facility: Int

  init(_ memory: Memory) throws(CrashLogError) {
    self.memory = memory
    let facts = memory.information
    let size: UInt32
    do throws(CrashImageError) {
      let name = facts.size("printk_log") == nil && facts.size("log") != nil ? "log" : "printk_log"
      headerSize = try facts.requiredSize(name)
      time = try facts.requiredOffset(name + ".ts_nsec")
      length = try facts.requiredOffset(name + ".len")
      textLength = try facts.requiredOffset(name + ".text_len")
      // Behind the last one that is exported: facility, then 5 bits of flags and 3 of the level.
      facility = try facts.requiredOffset(name + ".dict_len") + 2
      buffer = try memory.load(at: try facts.requiredSymbol("log_buf"))
      size = try memory.load(at: try facts.requiredSymbol("log_buf_len"))
      first = UInt64(try memory.load(UInt32.self, at: try facts.requiredSymbol("log_first_idx")))
      next = UInt64(try memory.load(UInt32.self, at: try facts.requiredSymbol("log_next_idx")))
    } catch {
      throw .memory(error)
    }
    guard size >= 64, size <= 1 << 31 else { throw .impossible("log_buf_len", UInt64(size)) }
    self.size = UInt64(size)
    guard first < size else { throw .impossible("log_first_idx", first) }
    guard next <= size else { throw .impossible("log_next_idx", next) }
  }

  /// All records, and the first one that was not cleared. Stops where a record makes no sense: nothing says where the
  /// next one is.
  func readAll() -> ([LogRecord], Int?, LogDamage) {
    var table = KernelTable(memory, at: buffer, size: size)
    var damage = LogDamage()
    var records: [LogRecord] = []
    var index = first
    var passed: UInt64 = 0
    let clear = clearIndex
    var firstSinceClear: Int?
    while index != next {
      guard index <= size else {
        damage.unreadable += 1
        break
      }
      if index == clear { firstSinceClear = records.count }
      guard let header = table.bytes(at: index, count: headerSize),
        let time: UInt64 = header.integer(at: self.time),
        let length: UInt16 = header.integer(at: self.length),
        let textLength: UInt16 = header.integer(at: self.textLength),
        let facility: UInt8 = header.integer(at: self.facility),
        let bits: UInt8 = header.integer(at: self.facility + 1)
      else {
        // The end of the buffer may be too short for a header; then the next record is at its start.
        if index > next, size - index < UInt64(headerSize) {
          passed += size - index
          index = 0
          continue
        }
        damage.unreadable += 1
        break
      }
      if length == 0 {
        // The rest of the buffer was too short for the next record.
        guard index > 0, index > next || next == size else {
          damage.unreadable += 1
          break
        }
        passed += size - index
        index = 0
        continue
      }
      passed += UInt64(length)
      guard passed <= size, Int(length) >= headerSize + Int(textLength),
        let text = table.bytes(at: index + UInt64(headerSize), count: Int(textLength))
      else {
        damage.unreadable += 1
        break
      }
      records.append(
        LogRecord(
          sequence: nil, time: time, facility: facility, level: bits >> 5, caller: nil,
          isContinuation: bits & 8 != 0, endsLine: bits & 2 != 0, text: Array(text)))
      index += UInt64(length)
    }
    if clear == next { firstSinceClear = records.count }
    return (records, firstSinceClear, damage)
  }

  /// The index of the first record after the last `dmesg -C`; nil if the kernel does not say.
  private var clearIndex: UInt64? {
    guard let address = memory.information.symbol("clear_idx") else { return nil }
    do throws(CrashImageError) {
      return UInt64(try memory.load(UInt32.self, at: address))
    } catch {
      return nil
    }
  }
}
