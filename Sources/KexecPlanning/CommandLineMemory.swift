package import PhysicalMemory
package import RunningSystem

/// What the next kernel's own command line does to its memory: `mem=` and `memmap=`.
///
/// Documented in Documentation/admin-guide/kernel-parameters.txt. A piece that is put where the
/// next kernel will see no RAM would be lost.
package struct CommandLineMemory: Equatable, Sendable {
  /// RAM ends here.
  package private(set) var limit: UInt64 = .max
  /// Ranges that are no RAM any more.
  package private(set) var removed: [PhysicalRange] = []
  /// The only RAM, after `memmap=exactmap`.
  package private(set) var exact: [PhysicalRange]?

  /// Reads the words of `commandLine`.
  package init(_ commandLine: KernelCommandLine) {
    // The kernel takes quotes off before it looks.
    for word in commandLine.kernelWords.map({ $0.filter { $0 != "\"" } }) {
      if word.hasPrefix("mem=") {
        // The kernel refuses "mem=0".
        if let size = MemorySize(word.dropFirst(4)), size.bytes > 0 {
          limit = min(limit, size.bytes)
        }
      } else if word.hasPrefix("memmap=") {
        for part in word.dropFirst(7).split(separator: ",") { apply(part) }
      }
    }
  }

  /// `free` without what the next kernel will not see as RAM.
  package func restrict(_ free: PhysicalRangeSet) -> PhysicalRangeSet {
    let below = PhysicalRange(start: PhysicalAddress(0), end: PhysicalAddress(limit))
    var result = free.intersection(PhysicalRangeSet([below]))
    if let exact { result = result.intersection(PhysicalRangeSet(exact)) }
    return result.subtracting(PhysicalRangeSet(removed)).alignedInwards(to: pageSize)
  }

  /// One `SIZE@START` (RAM), `SIZE#START` (ACPI), `SIZE$START` (reserved), `SIZE!START`
  /// (persistent), `SIZE%START-…` (another type), `SIZE` (as `mem=`) or `exactmap`.
  private mutating func apply(_ text: Substring) {
    if text == "exactmap" {
      exact = []
      return
    }
    guard let size = MemorySize(text) else { return }
    guard let kind = size.rest.first else {
      limit = min(limit, size.bytes)
      return
    }
    guard let start = MemorySize(size.rest.dropFirst()),
      let range = PhysicalRange(start: PhysicalAddress(start.bytes), byteCount: size.bytes)
    else { return }
    if kind == "@" {
      exact?.append(range)
    } else {
      removed.append(range)
    }
  }
}

/// A number as in C (decimal, 0x for hexadecimal, 0 for octal) with the suffixes that the kernel
/// takes, and the text behind it.
private struct MemorySize {
  let bytes: UInt64
  let rest: Substring

  init?(_ text: Substring) {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let radix = isHexadecimal ? 16 : text.hasPrefix("0") ? 8 : 10
    let digits = text.dropFirst(isHexadecimal ? 2 : 0)
      .prefix { $0.isASCII && $0.hexDigitValue.map { $0 < radix } ?? false }
    guard !digits.isEmpty else { return nil }
    // Too large for 64 bits: beyond all memory.
    let number = UInt64(digits, radix: radix) ?? .max
    let tail = text[digits.endIndex...]
    let shifts: [Character: UInt64] = [
      "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60,
    ]
    let shift = tail.first.flatMap { shifts[Character($0.lowercased())] }
    let scaled = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
    bytes = scaled.overflow ? .max : scaled.partialValue
    rest = tail.dropFirst(shift == nil ? 0 : 1)
  }
}
