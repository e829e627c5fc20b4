// Codes let programs match what people read, and tests see that no case is left out.

extension PurgatoryError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case tooManyRegions, wrongDigestLength, impossibleRegion
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .tooManyRegions: .tooManyRegions
    case .wrongDigestLength: .wrongDigestLength
    case .impossibleRegion: .impossibleRegion
    }
  }
}
