// Codes let programs match what people read, and tests see that no case is left out.

extension CrashImageError {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case elf, otherFormat, notCore, otherMachine, unreadable, missingKey, noInformation, tooLarge
    case notMapped, notInDump, otherVersion, badHeader, badDescriptor, otherCompression, badPage
    case badRecord
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .elf: .elf
    case .otherFormat: .otherFormat
    case .notCore: .notCore
    case .otherMachine: .otherMachine
    case .unreadable: .unreadable
    case .missingKey: .missingKey
    case .noInformation: .noInformation
    case .tooLarge: .tooLarge
    case .notMapped: .notMapped
    case .notInDump: .notInDump
    case .otherVersion: .otherVersion
    case .badHeader: .badHeader
    case .badDescriptor: .badDescriptor
    case .otherCompression: .otherCompression
    case .badPage: .badPage
    case .badRecord: .badRecord
    }
  }
}

extension Classification.Finding {
  /// The kinds of it, without values: one for each case.
  package enum Code: String, CaseIterable, Sendable {
    case noMemoryMap, strangeSections, otherFreeCount, noFreeCount, ruleDropped, noKernelSymbols
    case pagesWithoutStruct, unreadableMemoryMap, badOrders, classUnknown
  }

  /// Which kind it is.
  package var code: Code {
    switch self {
    case .noMemoryMap: .noMemoryMap
    case .strangeSections: .strangeSections
    case .otherFreeCount: .otherFreeCount
    case .noFreeCount: .noFreeCount
    case .ruleDropped: .ruleDropped
    case .noKernelSymbols: .noKernelSymbols
    case .pagesWithoutStruct: .pagesWithoutStruct
    case .unreadableMemoryMap: .unreadableMemoryMap
    case .badOrders: .badOrders
    case .classUnknown: .classUnknown
    }
  }
}
