internal import Compression
internal import KernelImages
internal import KexecPlanning

// Why a kernel or an initrd is not unpacked at load time.

extension OrdinaryEntryReason {
  /// Whether it is that the payload is not what the image says.
  var isAboutTheFile: Bool {
    switch self {
    case .unknownCompression, .badPayload: true
    default: false
    }
  }

  var text: String {
    switch self {
    case .switchedOff: "as asked for (--no-fast)"
    case .otherEntry: "it is entered in 32-bit mode, and unpacked it would have no entry for that"
    case .realMode: "it is entered in real mode, and asks the BIOS"
    case .realModeOnly: "it has no entry but the one in real mode"
    case .noRandomNumbers: "there are no random numbers yet for KASLR"
    case .noPayload: "the image does not say where its payload is"
    case .unknownCompression: "its compression is not known"
    case .badPayload(let format): "its payload does not unpack as \(format)"
    case .cannotUnpack(let error): error.text(from: 0)
    case .notUnderstood(let error): error.text
    case .fiveLevelPaging: "5-level page tables are in use, and it may not want them"
    case .encryptedMemory: "memory may be encrypted (SEV, SME or TDX)"
    case .unacceptedMemory: "not all memory of this guest is accepted"
    case .littleMemory(let needed, let available):
      "to unpack it now takes \(byteText(needed)), and \(byteText(available)) are free"
    }
  }
}

extension VmlinuxError {
  var text: String {
    switch self {
    case .notELF64: "no ELF file for x86_64"
    case .truncated: "the ELF file is cut off"
    case .partCount(let count): "the ELF file has \(count) parts to load"
    case .badPart(let index): "part \(index) of the ELF file has impossible addresses"
    case .otherWindow: "the ELF file is not aligned or not as large as its image says"
    case .entryOutside(let entry):
      "its entry 0x\(String(entry, radix: 16)) is outside it"
    case .relocationLists(let count):
      "its relocation table has \(count) lists, not 2 or 3"
    case .relocationOutside(let offset, let address):
      "relocation at \(offset) is for 0x\(String(address, radix: 16)), outside"
    }
  }
}
