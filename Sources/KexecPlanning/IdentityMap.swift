internal import ByteCoding

/// Page tables that map every virtual address to the same physical one: the first 4 GiB, and the GiB around
/// one more address, in pages of 2 MiB. Documented in Intel's manual, volume 3, "4-level paging and 5-level
/// paging".
struct IdentityMap {
  /// Bytes of one table.
  private static let tableSize: UInt64 = 4096
  /// Present and writable.
  private static let table: UInt64 = 0x3
  /// Present, writable, and a page of 2 MiB rather than a table.
  private static let largePage: UInt64 = 0x83

  /// The GiB that are mapped, lowest first.
  private let gibibytes: [UInt64]
  /// Whether there is a fifth level above the four.
  private let hasFiveLevels: Bool

  /// The map of the first 4 GiB and of what is around `address`.
  init(reaching address: UInt64, hasFiveLevels: Bool) {
    let last = address / .gibibytes(1)
    gibibytes = [0, 1, 2, 3] + (last > 3 ? [last] : [])
    self.hasFiveLevels = hasFiveLevels
  }

  /// The tables of each level, from the top. Each is named by the part of an address that it maps.
  private var levels: [[UInt64]] {
    // A table of level 1 is for one GiB, one of level 2 for 512 GiB, and so on.
    var levels = [gibibytes]
    for _ in 0..<(hasFiveLevels ? 3 : 2) {
      var above: [UInt64] = []
      for index in levels[0].map({ $0 / 512 }) where above.last != index { above.append(index) }
      levels.insert(above, at: 0)
    }
    return levels
  }

  /// Bytes that the tables take.
  var byteCount: UInt64 { levels.reduce(0) { $0 + UInt64($1.count) } * Self.tableSize }

  /// The tables when they lie at `base`; the first of them is for CR3.
  func encode(at base: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var next = base
    for (level, tables) in levels.enumerated() {
      next += UInt64(tables.count) * Self.tableSize
      let below = level + 1 < levels.count ? levels[level + 1] : nil
      for index in tables {
        for entry in (512 * index)..<(512 * (index + 1)) {
          guard let below else {
            bytes.append(littleEndian: (entry * .mebibytes(2)) | Self.largePage)
            continue
          }
          let place = below.firstIndex(of: entry).map { next + UInt64($0) * Self.tableSize }
          bytes.append(littleEndian: place.map { $0 | Self.table } ?? 0)
        }
      }
    }
    return bytes
  }
}
