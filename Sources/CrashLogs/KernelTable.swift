internal import ByteCoding
internal import CrashDumps

/// A table in the memory of a crashed kernel, read part by part: its size may be wrong, and parts of it may be
/// missing.
struct KernelTable<Memory: KernelAddressSpace> {
  private let memory: Memory
  private let base: UInt64
  /// How many bytes it has.
  let size: UInt64
  private var window: [UInt8] = []
  private var windowStart: UInt64 = 0
  /// The last page of the table that could not be read: a table may be said to have millions of entries.
  private var missingPage: UInt64?

  init(_ memory: Memory, at base: UInt64, size: UInt64) {
    self.memory = memory
    self.base = base
    self.size = size
  }

  /// The `count` bytes at `offset`; nil if they are not all in the table and in the dump.
  mutating func bytes(at offset: UInt64, count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, offset <= size, UInt64(count) <= size - offset else { return nil }
    if let found = inWindow(offset, count) { return found }
    let address = base &+ offset
    guard missingPage != address >> 12 else { return nil }
    let start = offset & ~UInt64(Self.windowSize - 1)
    let length = min(UInt64(Self.windowSize), size - start)
    if UInt64(count) <= length - (offset - start), let read = read(start, Int(length)) {
      (window, windowStart) = (read, start)
      return inWindow(offset, count)
    }
    if let read = read(offset, count) { return read[...] }
    // The page at the start, unless it is the next one that is missing.
    if read(offset, 1) == nil { missingPage = address >> 12 }
    return nil
  }

  private func inWindow(_ offset: UInt64, _ count: Int) -> ArraySlice<UInt8>? {
    guard offset >= windowStart, offset - windowStart <= UInt64(window.count) else { return nil }
    let first = Int(offset - windowStart)
    return count <= window.count - first ? window[first..<(first + count)] : nil
  }

  private func read(_ offset: UInt64, _ count: Int) -> [UInt8]? {
    let (address, isTooHigh) = base.addingReportingOverflow(offset)
    guard !isTooHigh else { return nil }
    do throws(CrashImageError) {
      let bytes = try memory.bytes(at: address, count: count)
      return bytes.count == count ? bytes : nil
    } catch {
      return nil
    }
  }

  private static var windowSize: Int { 65_536 }
}

extension ArraySlice<UInt8> {
  /// The little-endian integer `offset` bytes after the start; nil unless all of it is there.
  func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self, at offset: Int) -> Value?
  {
    let size = MemoryLayout<Value>.size
    guard offset >= 0, offset <= count - size else { return nil }
    var value: Value = 0
    for byte in self[(startIndex + offset)..<(startIndex + offset + size)].reversed() {
      value = value << 8 | Value(truncatingIfNeeded: byte)
    }
    return value
  }
}
