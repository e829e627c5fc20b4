// Codes let programs match what people read, and tests see that no case is left out.

extension PlanNote {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case checksumMismatch, noFirmwareMap, efiMapWasAdded, ioMemoryHidden, noEFI, noBootParameters
    case framebufferLost, noRandomSeed, unpacked, ordinaryEntry, noRandomAddress, initrdUnpacked
    case initrdPartlyUnpacked, initrdUnchanged, confined, fileUnpacked, videoModeNotSet
    case noRSDP = "noRootPointer", fiveLevelsUnknown, checksOff, noProcessorNotes, noVMCOREINFO
    case kernelAddressesGuessed, lowMemoryNotDumped, noHotplug, onlyForCrash, noEffectOnFileCall
    case noEffectOnType, unknownToKernel, loaderWordKept, sectionsUsed, sectionReplaced
    case firstProfile, signatureOfPart, initrdsJoined, modulesWithoutSpace = "modulesWithoutRoom",
      parametersNotKept
    case hiddenParametersUnknown, initrdDamaged, initrdSuspect, initrdFormatUnknown
    case initrdNotChecked, modulesOfOtherRelease, rootNeedsInitrd, notMoved
    case mapFault, moreMapFaults, memoryBeyondReach, pastedCharacter
    case notReplaced
    case enteredIn32Bits, headerFieldMended, initSizeTooSmall
    case bootNotesAssumed, notInRealMode, enteredIn64Bits, memdisk, diskWithoutBIOS
    case enteredWithFourLevels, handoverActive, handedOver, handoverDropped
    case handoverNeedsWords, littleCrashMemory = "littleCrashRoom", earlyOutput
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .checksumMismatch: .checksumMismatch
    case .noFirmwareMap: .noFirmwareMap
    case .efiMapWasAdded: .efiMapWasAdded
    case .ioMemoryHidden: .ioMemoryHidden
    case .noEFI: .noEFI
    case .noBootParameters: .noBootParameters
    case .framebufferLost: .framebufferLost
    case .noRandomSeed: .noRandomSeed
    case .unpacked: .unpacked
    case .ordinaryEntry: .ordinaryEntry
    case .noRandomAddress: .noRandomAddress
    case .notMoved: .notMoved
    case .initrdUnpacked: .initrdUnpacked
    case .initrdPartlyUnpacked: .initrdPartlyUnpacked
    case .initrdUnchanged: .initrdUnchanged
    case .initrdDamaged: .initrdDamaged
    case .initrdSuspect: .initrdSuspect
    case .initrdFormatUnknown: .initrdFormatUnknown
    case .initrdNotChecked: .initrdNotChecked
    case .modulesOfOtherRelease: .modulesOfOtherRelease
    case .rootNeedsInitrd: .rootNeedsInitrd
    case .confined: .confined
    case .fileUnpacked: .fileUnpacked
    case .videoModeNotSet: .videoModeNotSet
    case .noRSDP: .noRSDP
    case .fiveLevelsUnknown: .fiveLevelsUnknown
    case .handoverActive: .handoverActive
    case .handedOver: .handedOver
    case .handoverDropped: .handoverDropped
    case .handoverNeedsWords: .handoverNeedsWords
    case .checksOff: .checksOff
    case .noProcessorNotes: .noProcessorNotes
    case .noVMCOREINFO: .noVMCOREINFO
    case .kernelAddressesGuessed: .kernelAddressesGuessed
    case .lowMemoryNotDumped: .lowMemoryNotDumped
    case .noHotplug: .noHotplug
    case .littleCrashMemory: .littleCrashMemory
    case .onlyForCrash: .onlyForCrash
    case .noEffectOnFileCall: .noEffectOnFileCall
    case .noEffectOnType: .noEffectOnType
    case .unknownToKernel: .unknownToKernel
    case .loaderWordKept: .loaderWordKept
    case .sectionsUsed: .sectionsUsed
    case .sectionReplaced: .sectionReplaced
    case .firstProfile: .firstProfile
    case .signatureOfPart: .signatureOfPart
    case .initrdsJoined: .initrdsJoined
    case .modulesWithoutSpace: .modulesWithoutSpace
    case .parametersNotKept: .parametersNotKept
    case .hiddenParametersUnknown: .hiddenParametersUnknown
    case .pastedCharacter: .pastedCharacter
    case .notReplaced: .notReplaced
    case .mapFault: .mapFault
    case .moreMapFaults: .moreMapFaults
    case .memoryBeyondReach: .memoryBeyondReach
    case .enteredIn32Bits: .enteredIn32Bits
    case .enteredWithFourLevels: .enteredWithFourLevels
    case .headerFieldMended: .headerFieldMended
    case .bootNotesAssumed: .bootNotesAssumed
    case .notInRealMode: .notInRealMode
    case .enteredIn64Bits: .enteredIn64Bits
    case .memdisk: .memdisk
    case .diskWithoutBIOS: .diskWithoutBIOS
    case .initSizeTooSmall: .initSizeTooSmall
    case .earlyOutput: .earlyOutput
    }
  }
}

extension PlanNote {
  /// The code of the reason that it gives, if it gives one.
  package var reasonCode: String? {
    switch self {
    case .noEFI(let reason): reason.code.rawValue
    case .ordinaryEntry(let reason): reason.code.rawValue
    case .initrdPartlyUnpacked(_, let reason): reason.code.rawValue
    case .initrdUnchanged(_, let reason): reason.code.rawValue
    case .initrdDamaged(_, let damage): damage.code.rawValue
    case .initrdSuspect(_, let suspicion, _): suspicion.code.rawValue
    case .initrdNotChecked(_, let reason): reason.code.rawValue
    default: nil
    }
  }
}

extension PlanNote.NoEFIReason {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case kernelTooOld, mixedMode, descriptorVersion, missing, noRuntimeMap
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .kernelTooOld: .kernelTooOld
    case .mixedMode: .mixedMode
    case .descriptorVersion: .descriptorVersion
    case .missing: .missing
    case .noRuntimeMap: .noRuntimeMap
    }
  }
}
