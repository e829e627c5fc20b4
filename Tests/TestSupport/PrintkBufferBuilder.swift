/// Writes records as kernels 3.5 to 5.9 do: Sources/CrashLogs/PrintkBuffer.swift.
package struct PrintkBufferBuilder {
  /// Where the buffer and the variables about it are.
  package static let buffer: UInt64 = 0xffff_ffff_8210_0000
  package static let variables: UInt64 = 0xffff_ffff_8200_0000

  private let size: Int
  private var first = 0
  private var next = 0
  /// How many records are still there.
  package private(set) var liveCount = 0
  private var lengths: [Int] = []
  /// The memory with what has been written.
  package private(set) var memory: KernelAddressSpaceFixture

  /// An empty buffer of `size` bytes. The structure was called `log` before 3.11.
  package init(size: Int = 1024, structure: String = "printk_log") {
    self.size = size
    memory = KernelAddressSpaceFixture(Self.information(structure))
    memory.tables = [
      (Self.variables, [UInt8](repeating: 0, count: 32)),
      (Self.buffer, [UInt8](repeating: 0, count: size)),
    ]
    memory.set(Self.buffer, at: Self.variables)
    memory.set(UInt32(size), at: Self.variables + 8)
  }

  /// Adds a record; the oldest ones go when there is no space.
  package mutating func append(
    _ text: [UInt8], time: UInt64 = 0, level: UInt8 = 6, flags: UInt8 = 2
  ) {
    let length = (16 + text.count + 3) & ~3
    // There is always space behind it for a header that says that the next record is at the start.
    while !hasSpace(length + 16) { dropOldest() }
    if next + length + 16 > size {
      memory.set(UInt16(0), at: Self.buffer + UInt64(next) + 8)
      next = 0
    }
    let record = Self.buffer + UInt64(next)
    memory.set(time, at: record)
    memory.set(UInt16(length), at: record + 8)
    memory.set(UInt16(text.count), at: record + 10)
    memory.set(UInt16(0), at: record + 12)
    memory.set(UInt8(0), at: record + 14)
    memory.set(flags | level << 5, at: record + 15)
    for (index, byte) in text.enumerated() { memory.set(byte, at: record + 16 + UInt64(index)) }
    next += length
    lengths.append(length)
    liveCount += 1
    setEnds()
  }

  /// Remembers that `dmesg -C` was called now.
  package mutating func clear() {
    memory.set(UInt32(next), at: Self.variables + 20)
  }

  private func hasSpace(_ needed: Int) -> Bool {
    if liveCount == 0 || next > first { return max(size - next, first) >= needed }
    return first - next >= needed
  }

  private mutating func dropOldest() {
    first += lengths.removeFirst()
    liveCount -= 1
    // The header of length 0 says that the next one is at the start.
    if liveCount > 0, first + 16 <= size, isEndMark(first) || first > next && first + 16 > size {
      first = 0
    }
    if liveCount == 0 { first = next }
    setEnds()
  }

  private func isEndMark(_ index: Int) -> Bool {
    memory.tables[1].bytes[index + 8] == 0 && memory.tables[1].bytes[index + 9] == 0
  }

  private mutating func setEnds() {
    memory.set(UInt32(first), at: Self.variables + 12)
    memory.set(UInt32(next), at: Self.variables + 16)
  }

  /// The layout that this builder writes.
  package static func information(_ structure: String) -> String {
    """
    OSRELEASE=4.19.0
    SYMBOL(log_buf)=ffffffff82000000
    SYMBOL(log_buf_len)=ffffffff82000008
    SYMBOL(log_first_idx)=ffffffff8200000c
    SYMBOL(log_next_idx)=ffffffff82000010
    SYMBOL(clear_idx)=ffffffff82000014
    SIZE(\(structure))=16
    OFFSET(\(structure).ts_nsec)=0
    OFFSET(\(structure).len)=8
    OFFSET(\(structure).text_len)=10
    OFFSET(\(structure).dict_len)=12

    """
  }
}
