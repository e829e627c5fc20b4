internal import ByteCoding
internal import CrashDumps

/// The log's ring buffer since Linux 5.10. Corresponds to `struct printk_ringbuffer`.
///
/// A ring of descriptors, one for each record, says where in a ring of bytes the record's text is. Both are walked by
/// logical numbers that only grow; the position in the ring is the number modulo the ring's size.
struct PrintkRing<Memory: KernelAddressSpace> {
  /// Where the members of the kernel's structures are.
  private let layout: Layout
  private var descriptors: KernelTable<Memory>
  private var infos: KernelTable<Memory>
  private var text: KernelTable<Memory>
  /// How many descriptors there are: a power of two.
  private let count: UInt64
  /// The ring of bytes has two to the power of this many.
  private let sizeBits: UInt64
  private let head: UInt64
  private let tail: UInt64

  private struct Layout {
    let descriptorSize: Int, infoSize: Int
    let state: Int, begin: Int, next: Int
    let sequence: Int, time: Int, textLength: Int, caller: Int?
  }

  init(_ memory: Memory) throws(CrashLogError) {
    let facts = memory.information
    let tables: PrintkTables
    do throws(CrashImageError) {
      tables = try PrintkTables(memory)
      let blocks = try facts.requiredOffset("prb_desc.text_blk_lpos")
      layout = Layout(
        descriptorSize: try facts.requiredSize("prb_desc"),
        infoSize: try facts.requiredSize("printk_info"),
        state: try facts.requiredOffset("prb_desc.state_var"),
        begin: blocks + (try facts.requiredOffset("prb_data_blk_lpos.begin")),
        next: blocks + (try facts.requiredOffset("prb_data_blk_lpos.next")),
        sequence: try facts.requiredOffset("printk_info.seq"),
        time: try facts.requiredOffset("printk_info.ts_nsec"),
        textLength: try facts.requiredOffset("printk_info.text_len"),
        caller: facts.offset("printk_info.caller_id"))
      /// The number of a record in the ring of descriptors.
      func number(_ name: String) throws(CrashImageError) -> UInt64 {
        let place = tables.ring &+ UInt64(try facts.requiredOffset("prb_desc_ring.\(name)"))
        return try memory.load(UInt64.self, at: place) & Self.idMask
      }
      head = try number("head_id")
      tail = try number("tail_id")
    } catch {
      throw .memory(error)
    }
    // log_buf_len is at most 2 GiB, and there is a descriptor for each 32 bytes or more.
    guard (1...26).contains(tables.countBits) else {
      throw .impossible("count_bits", UInt64(tables.countBits))
    }
    guard (3...31).contains(tables.textBits) else {
      throw .impossible("size_bits", UInt64(tables.textBits))
    }
    count = 1 << UInt64(tables.countBits)
    sizeBits = UInt64(tables.textBits)
    descriptors = KernelTable(
      memory, at: tables.descriptors, size: count * UInt64(layout.descriptorSize))
    infos = KernelTable(memory, at: tables.infos, size: count * UInt64(layout.infoSize))
    text = KernelTable(memory, at: tables.text, size: 1 << sizeBits)
  }

  /// All records that can be read.
  mutating func readAll() -> ([LogRecord], LogDamage) {
    var damage = LogDamage()
    var records: [LogRecord] = []
    let steps = (head &- tail) & Self.idMask
    if steps < count {
      // From the oldest to the newest, inclusive. The mask is that of the kernel: two bits are the state.
      for step in 0...steps {
        read((tail &+ step) & Self.idMask, into: &records, &damage)
      }
      if !records.isEmpty || damage.isNothing { return (records, damage) }
    }
    return searchAll()
  }

  /// Takes every record that is in its own place, in the order of their numbers.
  private mutating func searchAll() -> ([LogRecord], LogDamage) {
    var damage = LogDamage()
    var records: [LogRecord] = []
    for slot in 0..<count {
      guard
        let state: UInt64 = descriptors.bytes(
          at: slot * UInt64(layout.descriptorSize), count: layout.descriptorSize)?.integer(
            at: layout.state)
      else { continue }
      let id = state & Self.idMask
      guard id % count == slot, state >> 62 == 1 || state >> 62 == 2 else { continue }
      read(id, into: &records, &damage)
    }
    records.sort { ($0.sequence ?? 0) < ($1.sequence ?? 0) }
    damage.isSearched = true
    return (records, damage)
  }

  /// Reads the record with the number `id`.
  private mutating func read(
    _ id: UInt64, into records: inout [LogRecord], _ damage: inout LogDamage
  ) {
    let slot = id % count
    guard
      let descriptor = descriptors.bytes(
        at: slot * UInt64(layout.descriptorSize), count: layout.descriptorSize),
      let state: UInt64 = descriptor.integer(at: layout.state),
      let begin: UInt64 = descriptor.integer(at: layout.begin),
      let next: UInt64 = descriptor.integer(at: layout.next), state & Self.idMask == id
    else {
      damage.unreadable += 1
      return
    }
    switch state >> 62 {
    case 0:
      damage.unfinished += 1
      return
    case 3: return  // Free: before the first record.
    default: break
    }
    guard let info = infos.bytes(at: slot * UInt64(layout.infoSize), count: layout.infoSize),
      let sequence: UInt64 = info.integer(at: layout.sequence),
      let time: UInt64 = info.integer(at: layout.time),
      let length: UInt16 = info.integer(at: layout.textLength),
      // Not exported, but always there: facility, then 5 bits of flags and 3 of the level.
      let facility: UInt8 = info.integer(at: layout.textLength + 2),
      let bits: UInt8 = info.integer(at: layout.textLength + 3)
    else {
      damage.unreadable += 1
      return
    }
    var bytes: [UInt8] = []
    switch block(begin, next) {
    case .empty: break
    case .lost:
      damage.textLost += 1
      return
    case .at(let start, let room):
      // The block begins with the record's number, so text of another record is not taken for this one's.
      guard room >= 8, UInt64(length) <= room - 8,
        let found = text.bytes(at: start, count: 8 + Int(length)), found.integer(at: 0) == id
      else {
        damage.unreadable += 1
        return
      }
      bytes = Array(found.dropFirst(8))
    case .impossible:
      damage.unreadable += 1
      return
    }
    let caller: UInt32? = layout.caller.flatMap { info.integer(at: $0) }
    records.append(
      LogRecord(
        sequence: sequence, time: time, facility: facility, level: bits >> 5,
        caller: caller.map { LogRecord.Caller($0) }, isContinuation: bits & 8 != 0,
        endsLine: bits & 2 != 0, text: bytes))
  }

  private enum Block {
    case empty, lost, impossible
    /// Where in the ring of bytes it starts, and how long it is.
    case at(UInt64, UInt64)
  }

  /// The block between two logical positions.
  private func block(_ begin: UInt64, _ next: UInt64) -> Block {
    if begin & 1 == 1, next & 1 == 1 { return begin == 3 && next == 3 ? .empty : .lost }
    // By the last byte, not the first one after it: since 2025 a block may end exactly where the ring does.
    let last = next &- 1
    let mask = (UInt64(1) << sizeBits) - 1
    let wraps = (begin >> sizeBits, last >> sizeBits)
    if wraps.0 == wraps.1 { return next > begin ? .at(begin & mask, next - begin) : .impossible }
    // A block that would cross the end is at the start instead.
    let widest = UInt64.max >> sizeBits
    return (wraps.0 &+ 1) & widest == wraps.1 ? .at(0, next & mask) : .impossible
  }

  /// The number of the first record after the last `dmesg -C`; nil if the kernel does not say.
  static func clearSequence(_ memory: Memory) -> UInt64? {
    let facts = memory.information
    guard let address = facts.symbol("clear_seq") else { return nil }
    do throws(CrashImageError) {
      guard let values = facts.offset("latched_seq.val") else {
        return try memory.load(at: address)
      }
      // Two values: while one is written, the counter says to read the other one.
      let counter: UInt32 = try memory.load(at: address)
      return try memory.load(at: address &+ UInt64(values) &+ UInt64(counter & 1) * 8)
    } catch {
      return nil
    }
  }

  /// The bits of a state that are the record's number.
  private static var idMask: UInt64 { (1 << 62) - 1 }
}
