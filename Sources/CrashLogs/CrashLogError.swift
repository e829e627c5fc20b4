package import CrashDumps

/// Why the log of a crashed kernel cannot be read.
package enum CrashLogError: Error, Equatable, Sendable {
  /// VMCOREINFO names neither the ring of Linux 5.10 and later nor the buffer before it.
  case noLog
  /// Something that the log is reached through cannot be read.
  case memory(CrashImageError)
  /// A number cannot be what it should be, such as the size of a ring: its name in the kernel.
  case impossible(String, UInt64)
}

/// What of a log could not be read, though the rest could.
package struct LogDamage: Equatable, Sendable {
  /// Records that the kernel had begun and not finished.
  package var unfinished = 0
  /// Records whose text the kernel had to give up, because newer records needed the space.
  package var textLost = 0
  /// Records that the dump does not have, or that contradict themselves.
  package var unreadable = 0
  /// The ring's ends were impossible, so all of it was searched for records.
  package var isSearched = false

  /// Whether anything is missing.
  package var isNothing: Bool { self == LogDamage() }

  /// No damage.
  package init() {}
}
