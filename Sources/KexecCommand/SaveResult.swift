internal import CrashDumps
internal import DumpWriting

/// A dump that was saved and is complete.
struct SaveResult {
  /// The dump that it was made of, as the user gave it.
  let source: String
  /// Where it is.
  let target: String
  /// The form of its file.
  let format: DumpFileFormat
  /// Which classes of pages are left out, and why not more.
  let classification: Classification
  /// The panic's line in the log; nil if there is none.
  let panic: String?
  /// What was written.
  let written: WrittenDump
  /// What it lacks of what was asked for.
  let downgrades: [Downgrade]
  /// Whether it was read back.
  let verification: Verification

  /// The level that it was made with in the end.
  var level: DumpLevel { classification.level }

  var exitCode: ExitCode { downgrades.isEmpty ? .success : .downgraded }
}

/// Whether a dump was read back from the medium and found right.
enum Verification: String, CaseIterable {
  case verified
  /// It was not to be.
  case notAsked
  /// What was written to a device or a pipe is not read back, and what is only in memory proves nothing.
  case device, pipe, memory
  /// It was not completed.
  case notReached
}

/// Something that a complete dump lacks of what was asked for.
enum Downgrade: Equatable {
  /// The space was only enough for a dump that leaves out more.
  case levelRaised(from: DumpLevel, to: DumpLevel)
  /// Pages of the source could not be read.
  case pagesUnreadable(UInt64)
  /// The source itself is not complete.
  case sourceIncomplete
  /// The log could not be read.
  case noLog
  /// Of the log not everything could be read.
  case logDamaged
  /// A file beside the dump could not be written.
  case companionLost(String)

  /// The kinds of it, without values: one for each case.
  enum Code: String, CaseIterable {
    case levelRaised, pagesUnreadable, sourceIncomplete, noLog, logDamaged, companionLost
  }

  /// Which kind it is.
  var code: Code {
    switch self {
    case .levelRaised: .levelRaised
    case .pagesUnreadable: .pagesUnreadable
    case .sourceIncomplete: .sourceIncomplete
    case .noLog: .noLog
    case .logDamaged: .logDamaged
    case .companionLost: .companionLost
    }
  }
}
