// Codes let programs match what people read, and tests see that no case is left out.

extension DeviceTreeError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case notATree, truncated
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .notATree: .notATree
    case .truncated: .truncated
    }
  }
}
