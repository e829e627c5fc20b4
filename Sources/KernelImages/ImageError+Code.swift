// Codes let programs match what people read, and tests see that no case is left out.

extension ImageError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case truncated, unrecognised, unsupported, notUnpacked, otherType, badPart, badField, repeated
    case inside
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .truncated: .truncated
    case .unrecognised: .unrecognised
    case .unsupported: .unsupported
    case .notUnpacked: .notUnpacked
    case .otherType: .otherType
    case .badPart: .badPart
    case .badField: .badField
    case .repeated: .repeated
    case .inside: .inside
    }
  }
}

extension ImagePart {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case setupHeader, realModePart, protectedModePart, sectionHeaders, section, elfHeader
    case programHeaders, loadedPart, multibootHeader
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .setupHeader: .setupHeader
    case .realModePart: .realModePart
    case .protectedModePart: .protectedModePart
    case .sectionHeaders: .sectionHeaders
    case .section: .section
    case .elfHeader: .elfHeader
    case .programHeaders: .programHeaders
    case .loadedPart: .loadedPart
    case .multibootHeader: .multibootHeader
    }
  }
}

extension PartFault {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case moreBytesThanMemory, beyondAddresses, overlap
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .moreBytesThanMemory: .moreBytesThanMemory
    case .beyondAddresses: .beyondAddresses
    case .overlap: .overlap
    }
  }
}

extension FieldRule {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case powerOfTwo, beyond64BitEntry, behindHeaders, behindSection, sizeOfKernel, elfMagic
    case littleEndianClass, executable, programHeaderSize, insidePart, below4GiB, nonzero
    case knownFlags, knownTag, i386, tagSize, orderedAddress, loadedHigh, bootFlag, jumpOverHeader
    case sectorsBefore, behindPayload, sizeInMemory
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .powerOfTwo: .powerOfTwo
    case .beyond64BitEntry: .beyond64BitEntry
    case .behindHeaders: .behindHeaders
    case .behindSection: .behindSection
    case .sizeOfKernel: .sizeOfKernel
    case .elfMagic: .elfMagic
    case .littleEndianClass: .littleEndianClass
    case .executable: .executable
    case .programHeaderSize: .programHeaderSize
    case .insidePart: .insidePart
    case .below4GiB: .below4GiB
    case .nonzero: .nonzero
    case .knownFlags: .knownFlags
    case .knownTag: .knownTag
    case .i386: .i386
    case .tagSize: .tagSize
    case .orderedAddress: .orderedAddress
    case .loadedHigh: .loadedHigh
    case .bootFlag: .bootFlag
    case .jumpOverHeader: .jumpOverHeader
    case .sectorsBefore: .sectorsBefore
    case .behindPayload: .behindPayload
    case .sizeInMemory: .sizeInMemory
    }
  }
}
