// Codes let programs match what people read, and tests see that no case is left out.

extension OrdinaryEntryReason {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case switchedOff, otherEntry, realMode, realModeOnly, noRandomNumbers, noPayload
    case unknownCompression, badPayload, cannotUnpack, notUnderstood, fiveLevelPaging,
      encryptedMemory
    case unacceptedMemory, littleMemory
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .switchedOff: .switchedOff
    case .otherEntry: .otherEntry
    case .realMode: .realMode
    case .realModeOnly: .realModeOnly
    case .noRandomNumbers: .noRandomNumbers
    case .noPayload: .noPayload
    case .unknownCompression: .unknownCompression
    case .badPayload: .badPayload
    case .cannotUnpack: .cannotUnpack
    case .notUnderstood: .notUnderstood
    case .fiveLevelPaging: .fiveLevelPaging
    case .encryptedMemory: .encryptedMemory
    case .unacceptedMemory: .unacceptedMemory
    case .littleMemory: .littleMemory
    }
  }
}
