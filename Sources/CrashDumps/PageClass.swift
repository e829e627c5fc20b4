/// What a page of the crashed kernel's memory is for a dump.
package enum PageClass: UInt8, CaseIterable, Sendable {
  /// No memory.
  case notMemory
  /// It belongs into every dump.
  case kept
  /// The page cache, without private data.
  case cache
  /// The page cache, with private data.
  case privateCache
  /// Memory of programs.
  case user
  /// Free.
  case free
  /// Not accepted by the guest yet: never used.
  case unaccepted
  /// The hardware has reported it as bad.
  case poisoned
  /// Given back to the hypervisor.
  case offline

  /// Whether a page of this class is left out of a dump.
  package var isExcluded: Bool { rawValue > Self.kept.rawValue }
}

/// Which pages are left out of a dump: the bits of makedumpfile's dump level.
package struct DumpLevel: OptionSet, Sendable {
  /// The number.
  package let rawValue: UInt8

  /// The level with that number.
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Pages of zeros.
  package static let zero = DumpLevel(rawValue: 1)
  /// The page cache without private data.
  package static let cache = DumpLevel(rawValue: 2)
  /// All of the page cache.
  package static let allCache = DumpLevel(rawValue: 4)
  /// Memory of programs.
  package static let user = DumpLevel(rawValue: 8)
  /// Free pages.
  package static let free = DumpLevel(rawValue: 16)
  /// All of them.
  package static let all = DumpLevel(rawValue: 31)
}
