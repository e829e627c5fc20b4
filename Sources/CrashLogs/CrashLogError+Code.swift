// Codes let programs match what people read, and tests see that no case is left out.

extension CrashLogError {
  /// The kinds of it, without values; what cannot be read of the memory has codes of its own.
  package enum Code: String, CaseIterable, Sendable {
    case noLog, impossible
  }

  /// Which kind it is; nil if the memory could not be read.
  package var code: Code? {
    switch self {
    case .noLog: .noLog
    case .impossible: .impossible
    case .memory: nil
    }
  }
}
