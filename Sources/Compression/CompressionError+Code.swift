// Codes let programs match what people read, and tests see that no case is left out.

extension CompressionError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case corrupt, truncated, unsupported, tooLarge, windowTooLarge, outOfMemory
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .corrupt: .corrupt
    case .truncated: .truncated
    case .unsupported: .unsupported
    case .tooLarge: .tooLarge
    case .windowTooLarge: .windowTooLarge
    case .outOfMemory: .outOfMemory
    }
  }
}
