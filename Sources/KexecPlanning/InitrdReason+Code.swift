// Codes let programs match what people read, and tests see that no case is left out.

extension InitrdReason {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case unknownContent, corrupt, tooLarge, noRoom, tooManyParts, earlyFiles, notUnpacked
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .unknownContent: .unknownContent
    case .corrupt: .corrupt
    case .tooLarge: .tooLarge
    case .noRoom: .noRoom
    case .tooManyParts: .tooManyParts
    case .earlyFiles: .earlyFiles
    case .notUnpacked: .notUnpacked
    }
  }
}
