package import ByteCoding
package import CrashDumps

/// Reads a dump that was written back, and names what is wrong with it. It takes ELF files, kdump-compressed files, and
/// both flattened.
package struct DumpChecker {
  /// How much of the pages' data is looked at.
  package enum Extent: Equatable, Sendable {
    /// Headers, maps and every descriptor, and this many pages, evenly spread.
    case samples(UInt64)
    /// Every page.
    case all
  }

  /// What was looked at and found.
  package struct Result: Equatable, Sendable {
    /// Pages that the file promises.
    package internal(set) var promisedPages: UInt64 = 0
    /// Pages whose data was looked at.
    package internal(set) var checkedPages: UInt64 = 0
    /// Pages that the file promises and does not have: a writer could not read them, or did not come so far.
    package internal(set) var missingPages: UInt64 = 0
    /// Whether the file says itself that it is not complete.
    package internal(set) var isMarkedIncomplete = false
    /// The faults in the order in which they were found, at most `faultLimit`.
    package internal(set) var faults: [DumpFault] = []
    /// How many faults there are.
    package internal(set) var faultCount: UInt64 = 0

    /// How many faults are named.
    package static let faultLimit = 100
  }

  private let file: RandomAccessFile

  /// - Throws: if the headers cannot be read.
  package init(_ file: RandomAccessFile) throws(CrashImageError) {
    self.file = file
  }

  /// Reads the file.
  ///
  /// - Parameters:
  ///   - written: what was written, whose hashes the bytes must have. The incomplete mark, if it is still there, is taken
  ///     for dropped.
  ///   - source: what the pages must be equal to; nil when only their form is looked at.
  ///   - extent: how much is looked at.
  ///   - threads: how many threads decompress, this one included.
  ///   - progress: called on this thread, some hundred times.
  package func check(
    _ written: WrittenDump? = nil, against source: CrashImage? = nil, extent: Extent, threads: Int = 1,
    progress: (DumpProgress) -> Void = { _ in }
  ) throws(CrashImageError) -> Result {
    Result()
  }
}
