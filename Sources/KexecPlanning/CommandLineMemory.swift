package import PhysicalMemory
package import RunningSystem

/// How the next kernel's command line changes its memory map: `mem=` and `memmap=`.
///
/// Documented in Documentation/admin-guide/kernel-parameters.txt. The next kernel would lose a segment that
/// lies where it sees no RAM.
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
