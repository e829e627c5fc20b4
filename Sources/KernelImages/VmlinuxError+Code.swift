// Codes let programs match what people read, and tests see that no case is left out.

extension VmlinuxError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case notELF64, truncated, partCount, badPart, entryOutside, otherWindow, relocationLists
    case relocationOutside
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .notELF64: .notELF64
    case .truncated: .truncated
    case .partCount: .partCount
    case .badPart: .badPart
    case .entryOutside: .entryOutside
    case .otherWindow: .otherWindow
    case .relocationLists: .relocationLists
    case .relocationOutside: .relocationOutside
    }
  }
}
