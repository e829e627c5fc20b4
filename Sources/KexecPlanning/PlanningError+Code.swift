// Codes let programs match what people read, and tests see that no case is left out.

extension PlanningError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case commandLineTooLong, openQuote, commandLineHasNUL, noRoom, noMemoryMap, noCrashRegion
    case crashRegionHidden, memoryBeyondELF32, tooManyRanges, fiveLevelPaging, protocolTooOld
    case littleMemory, damagedInitrd, deviceTree, realMode, realModeOnly
    case notByFileCall, initrdForOther
    case modulesForOther, crashNeedsLinux, returnNeedsLinux, vmlinux, invalid, serialPort
    case xen, xenByMultibootOnEFI, crashRegionDoubtful
    case fiveLevelPagingNoRoom, headerBelieved, contradiction, handoverLost, noEarlyPort
    case earlyPortUnknown
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .commandLineTooLong: .commandLineTooLong
    case .openQuote: .openQuote
    case .commandLineHasNUL: .commandLineHasNUL
    case .noRoom: .noRoom
    case .noMemoryMap: .noMemoryMap
    case .noCrashRegion: .noCrashRegion
    case .crashRegionHidden: .crashRegionHidden
    case .memoryBeyondELF32: .memoryBeyondELF32
    case .tooManyRanges: .tooManyRanges
    case .fiveLevelPaging: .fiveLevelPaging
    case .fiveLevelPagingNoRoom: .fiveLevelPagingNoRoom
    case .headerBelieved: .headerBelieved
    case .contradiction: .contradiction
    case .protocolTooOld: .protocolTooOld
    case .littleMemory: .littleMemory
    case .damagedInitrd: .damagedInitrd
    case .deviceTree: .deviceTree
    case .realMode: .realMode
    case .realModeOnly: .realModeOnly
    case .notByFileCall: .notByFileCall
    case .initrdForOther: .initrdForOther
    case .modulesForOther: .modulesForOther
    case .crashNeedsLinux: .crashNeedsLinux
    case .returnNeedsLinux: .returnNeedsLinux
    case .vmlinux: .vmlinux
    case .invalid: .invalid
    case .serialPort: .serialPort
    case .noEarlyPort: .noEarlyPort
    case .earlyPortUnknown: .earlyPortUnknown
    case .crashRegionDoubtful: .crashRegionDoubtful
    case .handoverLost: .handoverLost
    case .xen: .xen
    case .xenByMultibootOnEFI: .xenByMultibootOnEFI
    }
  }
}

extension PlanningError.NoRealMode {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case noBIOS, tooLarge
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .noBIOS: .noBIOS
    case .tooLarge: .tooLarge
    }
  }
}

extension PlanFault {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case tooManySegments, unaligned, overfull, outsideRAM, overlap, moreThanHalfOfRAM, purgatory
    case entryOutside
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .tooManySegments: .tooManySegments
    case .unaligned: .unaligned
    case .overfull: .overfull
    case .outsideRAM: .outsideRAM
    case .overlap: .overlap
    case .moreThanHalfOfRAM: .moreThanHalfOfRAM
    case .purgatory: .purgatory
    case .entryOutside: .entryOutside
    }
  }
}

extension CrashRegionDoubt {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case outsideRAM, overlap, otherSize, notListed, otherThanReserved, otherPlace
    case contiguousUnknown, contiguousElsewhere
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .outsideRAM: .outsideRAM
    case .overlap: .overlap
    case .otherSize: .otherSize
    case .notListed: .notListed
    case .otherThanReserved: .otherThanReserved
    case .otherPlace: .otherPlace
    case .contiguousUnknown: .contiguousUnknown
    case .contiguousElsewhere: .contiguousElsewhere
    }
  }
}
