// Codes let programs match what people read, and tests see that no case is left out.

extension InitrdDamage {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case stream, archiveCut, packedArchiveCut
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .stream: .stream
    case .archiveCut: .archiveCut
    case .packedArchiveCut: .packedArchiveCut
    }
  }
}

extension InitrdSuspicion {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case xzCheck, lz4Frame, zstdWindow, skippableFrame, unaligned, otherInside, kernel, unknown
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .xzCheck: .xzCheck
    case .lz4Frame: .lz4Frame
    case .zstdWindow: .zstdWindow
    case .skippableFrame: .skippableFrame
    case .unaligned: .unaligned
    case .otherInside: .otherInside
    case .kernel: .kernel
    case .unknown: .unknown
    }
  }
}

extension InitrdUnchecked {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case window, memory, unsupported, tooManyStreams
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .window: .window
    case .memory: .memory
    case .unsupported: .unsupported
    case .tooManyStreams: .tooManyStreams
    }
  }
}
