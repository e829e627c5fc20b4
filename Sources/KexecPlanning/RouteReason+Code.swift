// Codes let programs match what people read, and tests see that no case is left out.

extension RouteReason {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case asked, preferred, jumpsFaster, keepsMeasurements, policy, segmentsRefused
    case otherNotPlanned, fileCallRefused, imageType, needed, commandLineTooLongForFileCall
    case fiveLevelPaging, headerMended, keepsHandover
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .asked: .asked
    case .preferred: .preferred
    case .jumpsFaster: .jumpsFaster
    case .keepsMeasurements: .keepsMeasurements
    case .keepsHandover: .keepsHandover
    case .policy: .policy
    case .segmentsRefused: .segmentsRefused
    case .otherNotPlanned: .otherNotPlanned
    case .fileCallRefused: .fileCallRefused
    case .imageType: .imageType
    case .needed: .needed
    case .fiveLevelPaging: .fiveLevelPaging
    case .headerMended: .headerMended
    case .commandLineTooLongForFileCall: .commandLineTooLongForFileCall
    }
  }
}
