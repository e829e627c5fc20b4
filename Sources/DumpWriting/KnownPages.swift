internal import ByteCoding

/// Pages whose data other pages can share: as many of those that were written last as a table of bounded size holds.
///
/// Two pages share their data only after their bytes were compared; the table only says with which it is worthwhile.
struct KnownPages {
  /// A page.
  struct Entry {
    /// The hash of its bytes; 0 for an entry that is not used.
    var hash: UInt64 = 0
    var frame: UInt64 = 0
    /// Its number among the pages that have data of their own.
    var ordinal: UInt64 = 0
    /// Where its data is; nil as long as it is not compressed.
    var data: PageData?
  }

  private var entries: [Entry]
  /// Data of the pages that were compressed last, by the low bits of their ordinals.
  private var recent: [PageData]

  /// Of `entryCount` pages, a power of two; `pendingCount` of them, also a power of two, can be on their way.
  init(entryCount: Int, pendingCount: Int) {
    entries = Array(repeating: Entry(), count: entryCount)
    recent = Array(repeating: PageData(offset: 0, size: 0, flags: 0), count: pendingCount)
  }

  /// The entry that a page with that hash has or would have.
  func slot(of hash: UInt64) -> Int { Int(hash >> 8) & (entries.count - 1) }

  /// The page that has the hash; nil when none is known.
  func entry(_ slot: Int, with hash: UInt64) -> Entry? {
    let entry = entries[slot]
    return entry.hash == hash ? entry : nil
  }

  /// Remembers a page.
  mutating func set(_ slot: Int, _ entry: Entry) { entries[slot] = entry }

  /// Says where the data of the page with the number `ordinal` is, whose entry is or was `slot`.
  mutating func set(_ data: PageData, of ordinal: UInt64, slot: Int) {
    recent[Int(ordinal) & (recent.count - 1)] = data
    if entries[slot].ordinal == ordinal, entries[slot].hash != 0 { entries[slot].data = data }
  }

  /// Where the data of a page is that was on its way a short time ago.
  func data(of ordinal: UInt64) -> PageData { recent[Int(ordinal) & (recent.count - 1)] }
}
