internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory

// Every sentence that is not an error: how plans, notes and amounts read. The sentences of errors
// are in Messages+Errors.swift.

/// An amount of bytes as people say it, such as "53.5 MiB".
func byteText(_ count: UInt64) -> String {
  let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  var scale = 0
  while scale + 1 < units.count, count >> (10 * UInt64(scale + 1)) > 0 { scale += 1 }
  let whole = count >> (10 * UInt64(scale))
  if scale == 0 { return "\(whole) bytes" }
  let tenths = (count >> (10 * UInt64(scale - 1)) & 1023) * 10 / 1024
  return tenths == 0 ? "\(whole) \(units[scale])" : "\(whole).\(tenths) \(units[scale])"
}

extension LoadOptions.Purpose {
  /// What an image for this purpose is called.
  var imageName: String {
    self == .crash ? "panic kernel" : "kernel"
  }
}

extension PlannedSegment.Role {
  var text: String {
    switch self {
    case .kernel: "kernel"
    case .bootBlock: "boot parameters"
    case .realMode: "real-mode part"
    case .workspace: "next kernel's own memory"
    case .pageTables: "page tables"
    case .purgatory: "purgatory"
    case .initrd(0): "initrd"
    case .initrd(let index): "initrd \(index + 1)"
    case .coreHeader: "dump header"
    case .module(let index): "module \(index + 1)"
    }
  }
}

extension DigestKind {
  func text(over byteCount: UInt64) -> String {
    switch self {
    case .none: "none (--no-checks)"
    case .komihash:
      "komihash (64 bits) over \(byteText(byteCount)), right before the kernel is entered"
    case .sha256: "SHA-256 over \(byteText(byteCount)), right before the kernel is entered"
    }
  }
}

extension RouteReason {
  var text: String {
    switch self {
    case .asked: "as asked for"
    case .preferred: "the default"
    case .jumpsFaster: "because it makes the jump faster"
    case .keepsMeasurements: "because only it hands on the list of measurements (IMA)"
    case .policy: "because the running kernel wants signatures"
    case .otherNotPlanned: "because the other call is not possible"
    case .segmentsRefused: "because the kernel refused kexec_load"
    case .fileCallRefused: "because the kernel does not take the file by kexec_file_load"
    case .imageType: "because only it can load a file of this type"
    case .needed(let options):
      "because only it can do what \(options.joined(separator: ", ")) asks for"
    case .commandLineTooLongForFileCall:
      "because kexec_file_load takes no command line of this length"
    }
  }
}

extension PlanNote {
  /// Whether users should see it without asking for details.
  var isWarning: Bool {
    switch self {
    case .checksumMismatch, .noEFI, .noEffectOnFileCall, .noEffectOnType, .noBootParameters,
      .noRandomAddress, .modulesWithoutRoom, .parametersNotKept, .hiddenParametersUnknown,
      .noProcessorNotes, .noVMCOREINFO, .kernelAddressesGuessed, .lowMemoryNotDumped, .noHotplug,
      .onlyForCrash, .unknownToKernel, .videoModeNotSet, .noRootPointer, .fiveLevelsUnknown:
      true
    case .noFirmwareMap, .efiMapWasAdded, .ioMemoryHidden, .framebufferLost, .noRandomSeed,
      .confined, .fileUnpacked, .checksOff, .loaderWordKept, .unpacked, .ordinaryEntry,
      .initrdUnpacked,
      .initrdPartlyUnpacked, .initrdUnchanged, .initrdsJoined, .sectionsUsed, .sectionReplaced,
      .firstProfile, .signatureOfPart:
      false
    }
  }

  var text: String {
    switch self {
    case .checksumMismatch: "the checksum in the kernel file is wrong: the file may be damaged"
    case .noFirmwareMap:
      "/sys/firmware/memmap is missing: the next kernel's memory map comes from /proc/iomem"
    case .efiMapWasAdded:
      "add_efi_memmap is in use: the next kernel's memory map comes from /proc/iomem"
    case .ioMemoryHidden:
      "/proc/iomem shows no RAM (not root?): places come from firmware's map alone"
    case .noEFI(let reason): "the next kernel gets no EFI: \(reason.text)"
    case .noBootParameters:
      "/sys/kernel/boot_params is missing: the next kernel learns nothing of screen and disks"
    case .framebufferLost: "a graphics driver changed the mode: no picture until the next driver"
    case .noRandomSeed: "no random bytes yet: the next kernel gets no seed"
    case .unpacked(let format):
      "the kernel is unpacked (\(format)) and moved now, and entered directly: a fast jump"
    case .ordinaryEntry(let reason): "the kernel unpacks itself after the jump: \(reason.text)"
    case .noRandomAddress:
      "the kernel cannot be moved, so its addresses are not random: it has no relocation table"
    case .initrdUnpacked(let index): "initrd \(index + 1) is unpacked now"
    case .initrdPartlyUnpacked(let index, let reason):
      "initrd \(index + 1) is unpacked only in part: \(reason.text)"
    case .initrdUnchanged(let index, let reason):
      "initrd \(index + 1) is passed on as it is: \(reason.text)"
    case .initrdsJoined(let count):
      "\(count) initrds go into one piece, as they are: one load has no room for each"
    case .modulesWithoutRoom(let modules, let parameters):
      "no room on the command line for \(modules) modules and \(parameters) parameters: only the "
        + "list in the initrd has them"
    case .parametersNotKept(let names):
      "not preserved, since the value cannot be read or written: "
        + names.prefix(4).joined(separator: ", ")
        + (names.count > 4 ? " and \(names.count - 4) more" : "")
    case .hiddenParametersUnknown:
      "/proc/kcore cannot be read: parameters that /sys/module does not show are not preserved"
    case .confined(let count):
      "the next kernel gets \(byteText(count)) of memory and can return: this one goes on then"
    case .fileUnpacked(let section, let format):
      "\(section?.rawValue ?? "the kernel file") was compressed by \(format) as a whole"
    case .videoModeNotSet:
      "the kernel asks for a graphics mode: none is set, it gets the screen as it is"
    case .noRootPointer:
      "the ACPI root pointer cannot be read from /dev/mem: the kernel must find it itself"
    case .fiveLevelsUnknown:
      "5-level page tables are in use, and its file does not say if the kernel can start with them"
    case .checksOff: "the pieces are not checked before the jump (--no-checks)"
    case .noProcessorNotes:
      "/sys/devices/system/cpu/cpu*/crash_notes cannot be read: a dump will have no registers"
    case .noVMCOREINFO:
      "/sys/kernel/vmcoreinfo cannot be read: few tools will understand a dump"
    case .kernelAddressesGuessed:
      "/proc/kcore cannot be read: a dump's headers will have virtual addresses without KASLR"
    case .lowMemoryNotDumped:
      "a dump will lack the first MiB, in which the running kernel may have data (before 5.5)"
    case .noHotplug:
      "--hotplug: the running kernel cannot update a panic kernel: load it again after a change"
    case .onlyForCrash(let option): "\(option) has no effect without -p"
    case .noEffectOnType(let option): "\(option) has no effect on a file of this type"
    case .noEffectOnFileCall(let option): "\(option) has no effect on kexec_file_load"
    case .sectionsUsed(let kinds):
      "\(kinds.map(\.rawValue).joined(separator: ", ")) of the unified image: used"
    case .sectionReplaced(let kind, let option):
      "\(kind.rawValue) of the unified image: \(option) takes its place"
    case .firstProfile(let count):
      "the unified image has \(count) profiles, and the first one is loaded"
    case .signatureOfPart:
      "the running kernel looks at the signature of .linux, not at that of the unified image"
    case .unknownToKernel(let options):
      "the running kernel does not know \(options.joined(separator: " and ")): loaded without"
    case .loaderWordKept(let word): "\(word) is kept; only the boot loader acted on it"
    }
  }
}

extension PlanNote.NoEFIReason {
  fileprivate var text: String {
    switch self {
    case .kernelTooOld: "it does not understand the hand-over by kexec"
    case .mixedMode: "the firmware is for 32 bits"
    case .descriptorVersion(let version): "the map has descriptors of version \(version), not 1"
    case .missing(let file): "/sys/firmware/efi/\(file) cannot be read"
    case .noRuntimeMap: "/sys/firmware/efi/runtime-map cannot be read"
    }
  }
}
