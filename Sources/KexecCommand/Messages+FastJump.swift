internal import Compression
internal import KernelImages
internal import KexecPlanning

// Why a kernel or an initrd is not unpacked at load time.

extension OrdinaryEntryReason {
  /// Whether the cause is in the file: the payload is not what the image says.
  var isAboutTheFile: Bool {
    switch self {
    case .unknownCompression, .badPayload: true
    default: false
    }
  }

  var text: String {
    switch self {
    case .switchedOff: "--no-fast was given"
    case .otherEntry: "it is entered in 32-bit mode, and an unpacked kernel has no 32-bit entry"
    case .realMode: "it is entered in real mode, where it calls the BIOS"
    case .realModeOnly: "it has only a real-mode entry"
    case .noRandomNumbers: "no random numbers are available yet for KASLR"
    case .noPayload: "the image does not say where its payload is"
    case .unknownCompression: "its compression format is unknown"
    case .badPayload(let format): "its payload cannot be decompressed as \(format)"
    case .cannotUnpack(let error): error.text(from: 0)
    case .notUnderstood(let error): error.text
    case .fiveLevelPaging: "5-level page tables are in use, and the kernel may not support them"
    case .encryptedMemory: "memory may be encrypted (SEV, SME or TDX)"
    case .unacceptedMemory: "this guest has memory that is not accepted yet"
    case .littleMemory(let needed, let available):
      "unpacking it now needs \(byteText(needed)), but only \(byteText(available)) are free"
    }
  }
}

extension VmlinuxError {
  var text: String {
    switch self {
    case .notELF64: "it is not an ELF file for x86_64"
    case .truncated: "the ELF file is truncated"
    case .partCount(let count): "the ELF file has \(count) loadable segments"
    case .badPart(let index): "loadable segment \(index) of the ELF file has invalid addresses"
    case .otherWindow: "the alignment or size of the ELF file differs from what its image says"
    case .entryOutside(let entry):
      "its entry 0x\(String(entry, radix: 16)) is outside its segments"
    case .relocationLists(let count):
      "its relocation table has \(count) lists, not 2 or 3"
    case .relocationOutside(let offset, let address):
      "the relocation at \(offset) refers to 0x\(String(address, radix: 16)), outside the kernel"
    }
  }
}
