internal import CrashDumps
internal import DumpWriting

/// Tables that scripts read column by column: in makedumpfile's form.
enum MakedumpfileReport {
  /// How many pages of a running system a dump would have; `reserved` of the classified pages are in no dump.
  /// `--mem-usage`
  static func memoryUsage(_ classification: Classification, reserved: UInt64) -> String {
    let tally = classification.tally
    let zeros = classification.zeroPages ?? 0
    var text = "\nTYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION\n"
    text += String(repeating: "-", count: 70) + "\n"
    var total: UInt64 = 0
    func add(_ name: String, _ pages: UInt64, _ isExcludable: Bool, _ meaning: String) {
      total += pages
      text += "\(name)\t" + (name.utf8.count < 8 ? "\t" : "") + "\(pages)".padded(to: 16)
      text += "\t" + (isExcludable ? "yes" : "no") + "\t\t\(meaning)\n"
    }
    add("ZERO", zeros, true, "Pages filled with zero")
    add("NON_PRI_CACHE", tally.count(.cache), true, "Cache pages without private flag")
    add("PRI_CACHE", tally.count(.privateCache), true, "Cache pages with private flag")
    add("USER", tally.count(.user), true, "User process pages")
    add("FREE", tally.count(.free) + tally.count(.unaccepted), true, "Free pages")
    let kept = tally.count(.kept)
    let others = zeros + reserved
    add("KERN_DATA", kept > others ? kept - others : 0, false, "Dumpable kernel data ")
    text += "\npage size:\t\t\("4096".padded(to: 16))\n"
    text += "Total pages on system:\t\("\(total)".padded(to: 16))\n"
    text += "Total size on system:\t\("\(total << 12)".padded(to: 16)) Byte\n\n"
    return text
  }

  /// What was left out of a dump, and how large it is. `--show-stats`, `--message-level 16`
  static func summary(
    of image: CrashImage, _ classification: Classification, _ written: WrittenDump
  ) -> String {
    let tally = classification.tally
    let original = image.frameCount
    let zeroPages = classification.level.contains(.zero) ? written.zeroPages : 0
    // Free pages on lists of processors are left out, too.
    let inFile =
      written.storedPages + written.sharedPages + written.zeroPages + written.unreadablePages
    let others = tally.count(.kept) - min(inFile, tally.count(.kept))
    let free = tally.count(.free) + tally.count(.unaccepted) + others
    let excluded: [(String, UInt64)] = [
      ("Pages filled with zero  ", zeroPages),
      ("Non-private cache pages ", tally.count(.cache)),
      ("Private cache pages     ", tally.count(.privateCache)),
      ("User process data pages ", tally.count(.user)),
      ("Free pages              ", free),
      ("Hwpoison pages          ", tally.count(.poisoned)),
      ("Offline pages           ", tally.count(.offline)),
    ]
    let sum = excluded.reduce(0) { $0 + $1.1 }
    let remaining = original > sum ? original - sum : 0
    var text = "\nOriginal pages  : \(number(original))\n"
    text += "  Excluded pages   : \(number(sum))\n"
    for (name, pages) in excluded { text += "    \(name): \(number(pages))\n" }
    text += "  Remaining pages  : \(number(remaining))\n"
    let share = original == 0 ? 0 : remaining * 100 / original
    text += "  (The number of pages is reduced to \(share)%.)\n"
    text += "Memory Hole     : \(number(image.endFrame - original))\n"
    text += String(repeating: "-", count: 50) + "\n"
    text += "Total pages     : \(number(image.endFrame))\n"
    return text + "Write bytes     : \(written.byteCount)\n\n"
  }

  private static func number(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
