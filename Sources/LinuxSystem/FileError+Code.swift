// Codes let programs match what people read, and tests see that no case is left out.

extension FileError.Reason {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case errno, directory, notRegular, empty, tooLarge, exists, link, beingWritten, occupied
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .errno: .errno
    case .directory: .directory
    case .notRegular: .notRegular
    case .empty: .empty
    case .tooLarge: .tooLarge
    case .exists: .exists
    case .link: .link
    case .beingWritten: .beingWritten
    case .occupied: .occupied
    }
  }
}
