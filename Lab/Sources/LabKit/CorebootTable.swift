/// The table in which coreboot tells its payload where memory is.
///
/// Documented in coreboot's Documentation, "coreboot table", and in its payloads'
/// coreboot_tables.h.
public enum CorebootTable {
  /// The physical address at which coreboot puts it.
  public static let address: UInt64 = 0x500

  /// A table that describes these ranges as RAM.
  public static func bytes(memory ranges: [Range<Int>]) -> [UInt8] {
    // LB_TAG_MEMORY: for each range its start, its size and the type LB_MEM_RAM.
    var record = number(1, 4) + number(8 + 20 * ranges.count, 4)
    for range in ranges {
      record += number(range.lowerBound, 8) + number(range.count, 8) + number(1, 4)
    }
    let start = Array("LBIO".utf8) + number(24, 4)
    let end = number(record.count, 4) + number(checksum(record), 4) + number(1, 4)
    return start + number(checksum(start + number(0, 4) + end), 4) + end + record
  }

  private static func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// The Internet checksum (RFC 1071).
  private static func checksum(_ bytes: [UInt8]) -> Int {
    var sum = bytes.enumerated().reduce(0) { $0 + Int($1.element) << ($1.offset % 2 * 8) }
    while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
    return ~sum & 0xFFFF
  }
}
