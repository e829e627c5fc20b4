// Codes let programs match what people read, and tests see that no case is left out.

extension CrashLogError {
  /// The kinds of it, without values; what cannot be read of the memory has codes of its own.
  package enum Code: String, CaseIterable, Sendable {
    case noLog, impossible
  }
}
