internal import Compression
internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

/// How a dump is saved.
struct SaveRequest {
  /// What is done when the space is not enough.
  enum WhenFull: String, CaseIterable {
    /// The log and the report stay, and nothing else.
    case logOnly = "log-only"
    /// It is saved anew with the next level that was given, and in the end with 31.
    case raiseLevel = "raise-level"
    /// What fits stays, as a file that says that it is not complete.
    case fail
  }

  /// A path, or `-` for the standard output, which gets a flattened file.
  var target: String
  /// Which pages are left out, in the order in which that is tried; at least one.
  var levels: [DumpLevel] = [.all]
  /// The form of the file.
  var format = DumpFileFormat.compressed(.zstd)
  /// What is done when the space is not enough.
  var whenFull = WhenFull.fail
  /// Whether what was written is read back.
  var verifies = true
  /// How many threads compress; nil for one for each processor.
  var threads: Int?
  /// Whether an existing file is replaced in the end, and a device may have contents.
  var replaces = false
  /// Whether the manifest, the log and the report are written beside a file.
  var hasCompanions = true

  init(target: String) {
    self.target = target
  }

  /// Whether the dump goes to the standard output.
  var isToStandardOutput: Bool { target == OutputFile.standardOutput }

  /// The levels that are tried.
  var attempts: [DumpLevel] {
    whenFull == .raiseLevel && levels.last != .all ? levels + [.all] : levels
  }
}
