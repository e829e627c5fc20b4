internal import KexecABI
internal import KernelImages
internal import KexecPlanning
internal import RunningSystem

// What is said of a plan beside the plan itself. Whether it is a warning stands at the sentence.

/// What is said of a plan, and whether users should see it without asking for details.
private struct NoteMessage {
  let isWarning: Bool
  let text: String

  static func warning(_ text: String) -> NoteMessage { NoteMessage(isWarning: true, text: text) }
  static func detail(_ text: String) -> NoteMessage { NoteMessage(isWarning: false, text: text) }
}

extension PlanNote {
  /// Whether users should see it without asking for details.
  var isWarning: Bool { message.isWarning }

  var text: String { message.text }

  private var message: NoteMessage {
    switch self {
    case .checksumMismatch:
      .warning("the checksum in the kernel file is wrong: the file may be damaged")
    case .notInRealMode(let kind):
      .warning(
        "\(kind.rawValue) of the unified image is left out: in real mode a kernel is handed none")
    case .enteredIn64Bits:
      .detail(
        "--type=bzImage: the kernel has a 64-bit entry and is entered there (--entry-32bit for the other)"
      )
    case .memdisk:
      .warning("memdisk asks the BIOS: it is entered in real mode, as by --real-mode")
    case .diskWithoutBIOS:
      .warning(
        "the initrd is the image of a disk: what starts it asks the BIOS, and hangs without --real-mode"
      )
    case .bootNotesAssumed:
      .warning(
        "an ELF file that is no Linux kernel: it gets ELF boot notes (--args-elf; or say --args-none, "
          + "--args-linux)")
    case .handoverActive(let evidence, let call):
      .detail(
        "kexec handover is active (\(evidence)), and nothing is seen that is kept"
          + (call == .segments ? ": kexec_load hands nothing on" : ""))
    case .handedOver(let states): .detail("handed to the next kernel: \(states.text)")
    case .handoverNeedsWords(let words):
      .warning(
        "the next kernel drops what is kept for it unless \(words.joined(separator: " and ")) "
          + "\(words.count == 1 ? "is" : "are") on its command line")
    case .handoverDropped(let states):
      .warning("lost with the jump (--drop-handover): \(states.text)")
    case .headerFieldMended(let field):
      .warning(
        "\(field.place) is \(hexText(field.found)), which cannot be right: \(hexText(field.taken)) is "
          + "taken")
    case .initSizeTooSmall(let stated, let needed):
      .warning(
        "init_size (0x260) of the kernel is \(hexText(stated)), too small: it gets \(hexText(needed)) "
          + "(\(byteText(needed)))")
    case .noFirmwareMap:
      .detail(
        "/sys/firmware/memmap is missing: the next kernel's memory map comes from /proc/iomem")
    case .efiMapWasAdded:
      .detail("add_efi_memmap is in use: the next kernel's memory map comes from /proc/iomem")
    case .ioMemoryHidden:
      .detail("/proc/iomem shows no RAM (not root?): places come from firmware's map alone")
    case .noEFI(let reason):
      .warning("the next kernel gets no EFI: \(reason.text)")
    case .noBootParameters:
      .warning(
        "/sys/kernel/boot_params is missing: the next kernel learns nothing of EFI, screen and disks"
      )
    case .framebufferLost:
      .detail("a graphics driver changed the mode: no picture until the next driver")
    case .noRandomSeed:
      .detail("no random bytes yet: the next kernel gets no seed")
    case .unpacked(let format):
      .detail("the kernel is unpacked (\(format)) and moved now, and entered directly: a fast jump")
    case .ordinaryEntry(let reason):
      // What we cannot unpack the kernel may not be able to either.
      NoteMessage(
        isWarning: reason.isAboutTheFile,
        text: "the kernel unpacks itself after the jump: \(reason.text)")
    case .noRandomAddress:
      .warning(
        "the kernel cannot be moved, so its addresses are not random: it has no relocation table")
    case .notMoved(let needed, let available):
      .warning(
        "the kernel's addresses are not random: to move it takes \(byteText(needed)), "
          + "and there are \(byteText(available))")
    case .initrdUnpacked(let index):
      .detail("initrd \(index + 1) is unpacked now")
    case .initrdPartlyUnpacked(let index, let reason):
      .detail("initrd \(index + 1) is unpacked only in part: \(reason.text)")
    case .initrdUnchanged(let index, let reason):
      .detail("initrd \(index + 1) is passed on as it is: \(reason.text)")
    case .initrdsJoined(let count):
      .detail("\(count) initrds go into one piece, as they are: one load has no room for each")
    case .initrdDamaged(let path, let damage):
      .warning("\(quoted(path)): \(damage.text): loaded all the same (--force-initrd)")
    case .initrdSuspect(let path, let suspicion, let isUnpackedNow):
      .warning("\(quoted(path)): \(suspicion.text(isUnpackedNow: isUnpackedNow))")
    case .initrdFormatUnknown(let path, let format, let configuration, let isUnpackedNow):
      .warning(
        "\(quoted(path)): compressed by \(format), but the kernel cannot unpack that, says \(quoted(configuration))"
          + (isUnpackedNow ? ": so it is unpacked now" : ""))
    case .initrdNotChecked(let path, let reason):
      .detail("\(quoted(path)): not checked as a whole: \(reason.text)")
    case .modulesOfOtherRelease(let releases, let kernel):
      .warning(
        "the initrd has modules of \(releases.joined(separator: ", ")), and none of the kernel, "
          + "which is \(kernel)")
    case .rootNeedsInitrd(let word):
      .warning(
        "\(word): no initrd, and without one Linux finds PARTUUID= and devices' names only")
    case .modulesWithoutSpace(let modules, let parameters):
      .warning(
        "no room on the command line for \(modules) modules and \(parameters) parameters: only the "
          + "list in the initrd has them")
    case .parametersNotKept(let names):
      .warning(
        "not preserved, since the value cannot be read or written: "
          + names.prefix(4).joined(separator: ", ")
          + (names.count > 4 ? " and \(names.count - 4) more" : ""))
    case .hiddenParametersUnknown:
      .warning(
        "/proc/kcore cannot be read: parameters that /sys/module does not show are not preserved")
    case .confined(let count):
      .detail(
        "the next kernel gets \(byteText(count)) of memory and can return: the running kernel goes on then"
      )
    case .fileUnpacked(let section, let format):
      .detail("\(section?.rawValue ?? "the kernel file") was compressed by \(format) as a whole")
    case .videoModeNotSet:
      .warning("the kernel asks for a graphics mode: none is set, it gets the screen as it is")
    case .noRSDP:
      .warning("the ACPI root pointer cannot be read from /dev/mem: the kernel must find it itself")
    case .enteredIn32Bits:
      .detail(
        "5-level page tables are in use, and the kernel can leave them only in 32-bit mode: it is "
          + "entered there")
    case .enteredWithFourLevels:
      .detail(
        "5-level page tables are in use, and the file does not say if the kernel knows them: it gets 4 levels"
      )
    case .fiveLevelsUnknown:
      .warning(
        "5-level page tables are in use, and its file does not say if the kernel can start with them"
      )
    case .checksOff:
      .detail("the pieces are not checked before the jump (--no-checks)")
    case .noProcessorNotes:
      .warning(
        "/sys/devices/system/cpu/cpu*/crash_notes cannot be read: a dump will have no registers")
    case .noVMCOREINFO:
      .warning("/sys/kernel/vmcoreinfo cannot be read: few tools will understand a dump")
    case .kernelAddressesGuessed:
      .warning(
        "/proc/kcore cannot be read: a dump's headers will have virtual addresses without KASLR")
    case .lowMemoryNotDumped:
      .warning(
        "a dump will lack the first MiB, in which the running kernel may have data (before 5.5)")
    case .noHotplug:
      .warning(
        "--hotplug: the running kernel cannot update a panic kernel: load it again after a change")
    case .littleCrashMemory(let use):
      .warning(
        "little memory is left for the panic kernel: \(byteText(use.left)) of \(byteText(use.reserved)) "
          + "(crashkernel=\(use.advised >> 20)M would do)")
    case .onlyForCrash(let option):
      .warning("\(option) has no effect without -p")
    case .noEffectOnType(let option):
      .warning("\(option) has no effect on a file of this type")
    case .noEffectOnFileCall(let option):
      .warning("\(option) has no effect on kexec_file_load")
    case .sectionsUsed(let kinds):
      .detail("\(kinds.map { $0.rawValue }.joined(separator: ", ")) of the unified image: used")
    case .sectionReplaced(let kind, let option):
      .detail("\(kind.rawValue) of the unified image: \(option) takes its place")
    case .firstProfile(let count):
      .detail("the unified image has \(count) profiles, and the first one is loaded")
    case .signatureOfPart:
      .detail(
        "the running kernel looks at the signature of .linux, not at that of the unified image")
    case .unknownToKernel(let options):
      .warning(
        "the running kernel does not know \(options.joined(separator: " and ")): loaded without")
    case .loaderWordKept(let word):
      .detail("\(word) is kept; only the boot loader acted on it")
    case .pastedCharacter(let character, let option):
      .warning("\(option) has \(character.text): to a kernel that is a letter like any other")
    case .notReplaced(let option):
      .warning("\(option) has $(...) or `...` as it is: no shell has put anything in its place")
    case .earlyOutput(let added, nil):
      .detail(
        "\(added.joined(separator: " ")): the kernel writes there before its consoles are there")
    case .earlyOutput(let added, let given?):
      .detail(
        "--early-output: \(given) stays"
          + (added.isEmpty ? "" : ", and \(added.joined(separator: " ")) is added"))
    case .mapFault(let fault):
      .warning("\(fault.place) \(fault.reason.text): \(fault.text)")
    case .moreMapFaults(let count):
      .warning("\(count) more lines or entries of the memory maps are not used, being as wrong")
    case .memoryBeyondReach(let bits, let count):
      .warning("\(byteText(count)) of RAM at addresses of more than \(bits) bits are not used")
    }
  }
}

extension MapFault.Reason {
  fileprivate var text: String {
    switch self {
    case .malformed: "is not used, it is no range"
    case .inverted: "is not used, it ends before it starts"
    case .tooLarge: "is not used, a number has over 64 bits"
    case .noType: "counts as reserved, it has no type"
    }
  }
}

extension MendedField {
  /// The field and where it is.
  var place: String { "\(name) (\(hexText(UInt64(offset)))) of the kernel" }
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
