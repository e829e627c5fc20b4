internal import KexecABI
internal import KernelImages
internal import KexecPlanning
internal import RunningSystem

// The sentences of notes about a plan. Each one says whether it is a warning.

/// The text of a note, and whether users should see it without -d.
private struct NoteMessage {
  let isWarning: Bool
  let text: String

  static func warning(_ text: String) -> NoteMessage { NoteMessage(isWarning: true, text: text) }
  static func detail(_ text: String) -> NoteMessage { NoteMessage(isWarning: false, text: text) }
}

extension PlanNote {
  /// Whether users should see it without -d.
  var isWarning: Bool { message.isWarning }

  var text: String { message.text }

  private var message: NoteMessage {
    switch self {
    case .checksumMismatch:
      .warning("the checksum in the kernel file is wrong: the file may be damaged")
    case .notInRealMode(let kind):
      .warning(
        "\(kind.rawValue) of the unified image is not used: a kernel in real mode is given none")
    case .enteredIn64Bits:
      .detail(
        "--type=bzImage: the kernel is entered at its 64-bit entry (use --entry-32bit for the other)"
      )
    case .memdisk:
      .warning("memdisk calls the BIOS, so it is entered in real mode (--real-mode)")
    case .diskWithoutBIOS:
      .warning(
        "the initrd is a disk image: its boot loader calls the BIOS and hangs without --real-mode"
      )
    case .bootNotesAssumed:
      .warning(
        "the ELF file is not a Linux kernel: it gets ELF boot notes (--args-elf; else give --args-none or "
          + "--args-linux)")
    case .handoverActive(let evidence, let call):
      .detail(
        "kexec handover is active (\(evidence)), but no preserved state was seen"
          + (call == .segments ? ": kexec_load hands nothing over" : ""))
    case .handedOver(let states): .detail("handed over to the next kernel: \(states.text)")
    case .handoverNeedsWords(let words):
      .warning(
        "the next kernel discards the state that is kept for it unless \(words.joined(separator: " and ")) "
          + "\(words.count == 1 ? "is" : "are") on its command line")
    case .handoverDropped(let states):
      .warning("the jump will lose (--drop-handover): \(states.text)")
    case .headerFieldMended(let field):
      .warning(
        "\(field.place) is \(hexText(field.found)), which is not valid: \(hexText(field.taken)) is "
          + "used instead")
    case .initSizeTooSmall(let stated, let needed):
      .warning(
        "init_size (0x260) of the kernel is \(hexText(stated)), which is too small: \(hexText(needed)) is used instead "
          + "(\(byteText(needed)))")
    case .noFirmwareMap:
      .detail(
        "/sys/firmware/memmap is missing: the next kernel's memory map comes from /proc/iomem")
    case .efiMapWasAdded:
      .detail("add_efi_memmap is in use: the next kernel's memory map comes from /proc/iomem")
    case .ioMemoryHidden:
      .detail("/proc/iomem shows no RAM (not root?): only the firmware's memory map is used")
    case .noEFI(let reason):
      .warning("the next kernel will run without EFI: \(reason.text)")
    case .noBootParameters:
      .warning(
        "/sys/kernel/boot_params is missing: the next kernel is not told about EFI, the screen and disks"
      )
    case .framebufferLost:
      .detail(
        "a graphics driver changed the mode: the screen stays dark until the next kernel has a driver"
      )
    case .noRandomSeed:
      .detail("no random bytes are available yet: the next kernel gets no random seed")
    case .unpacked(let format):
      .detail(
        "the kernel is unpacked (\(format)) and relocated now and entered directly: a fast jump")
    case .ordinaryEntry(let reason):
      // A kernel that we cannot unpack may be unable to unpack itself, too.
      NoteMessage(
        isWarning: reason.isAboutTheFile,
        text: "the kernel unpacks itself after the jump: \(reason.text)")
    case .noRandomAddress:
      .warning(
        "the kernel has no relocation table, so its addresses cannot be random")
    case .notMoved(let needed, let available):
      .warning(
        "the kernel's addresses are not random: relocating it needs \(byteText(needed)), "
          + "but only \(byteText(available)) are free")
    case .initrdUnpacked(let index):
      .detail("initrd \(index + 1) is unpacked now")
    case .initrdPartlyUnpacked(let index, let reason):
      .detail("initrd \(index + 1) is only partly unpacked: \(reason.text)")
    case .initrdUnchanged(let index, let reason):
      .detail("initrd \(index + 1) is passed on unchanged: \(reason.text)")
    case .initrdsJoined(let count):
      .detail(
        "\(count) initrds are joined into one segment, unchanged: a load has too few segments for each"
      )
    case .initrdDamaged(let path, let damage):
      .warning("\(quoted(path)): \(damage.text): loaded anyway (--force-initrd)")
    case .initrdSuspect(let path, let suspicion, let isUnpackedNow):
      .warning("\(quoted(path)): \(suspicion.text(isUnpackedNow: isUnpackedNow))")
    case .initrdFormatUnknown(let path, let format, let configuration, let isUnpackedNow):
      .warning(
        "\(quoted(path)): compressed by \(format), which the kernel cannot unpack according to \(quoted(configuration))"
          + (isUnpackedNow ? "; it is unpacked now" : ""))
    case .initrdNotChecked(let path, let reason):
      .detail("\(quoted(path)): not checked as a whole: \(reason.text)")
    case .modulesOfOtherRelease(let releases, let kernel):
      .warning(
        "the initrd has modules for \(releases.joined(separator: ", ")), but none for the kernel, "
          + "which is \(kernel)")
    case .rootNeedsInitrd(let word):
      .warning(
        "\(word): there is no initrd, without which Linux finds only PARTUUID= and device names")
    case .modulesWithoutSpace(let modules, let parameters):
      .warning(
        "no space on the command line for \(modules) modules and \(parameters) parameters: they are only "
          + "in the list that is added to the initrd")
    case .parametersNotKept(let names):
      .warning(
        "not preserved, because the value cannot be read or written: "
          + names.prefix(4).joined(separator: ", ")
          + (names.count > 4 ? " and \(names.count - 4) more" : ""))
    case .hiddenParametersUnknown:
      .warning(
        "/proc/kcore cannot be read: parameters that /sys/module hides are not preserved")
    case .confined(let count):
      .detail(
        "the next kernel gets \(byteText(count)) of memory and can return to the running kernel"
      )
    case .fileUnpacked(let section, let format):
      .detail("\(section?.rawValue ?? "the kernel file") is compressed as a whole (\(format))")
    case .videoModeNotSet:
      .warning("the kernel asks for a graphics mode, but none is set: it gets the screen as it is")
    case .noRSDP:
      .warning("the RSDP (ACPI) cannot be read from /dev/mem: the next kernel must find it itself")
    case .enteredIn32Bits:
      .detail(
        "5-level page tables are in use, which the kernel can leave only in 32-bit mode: it is "
          + "entered in that mode")
    case .enteredWithFourLevels:
      .detail(
        "5-level page tables are in use, and the file does not tell if the kernel supports them: it gets 4 levels"
      )
    case .fiveLevelsUnknown:
      .warning(
        "5-level page tables are in use, and the file does not tell if the kernel can start from them"
      )
    case .checksOff:
      .detail("the segments are not checked before the jump (--no-checks)")
    case .noProcessorNotes:
      .warning(
        "/sys/devices/system/cpu/cpu*/crash_notes cannot be read: a dump will not have the registers of processors"
      )
    case .noVMCOREINFO:
      .warning("/sys/kernel/vmcoreinfo cannot be read: few tools will understand a dump")
    case .kernelAddressesGuessed:
      .warning(
        "/proc/kcore cannot be read: the virtual addresses in the headers of a dump will not include KASLR"
      )
    case .lowMemoryNotDumped:
      .warning(
        "a dump will not have the first MiB, where kernels before 5.5 may keep data")
    case .noHotplug:
      .warning(
        "--hotplug: the running kernel cannot update a crash kernel: load it again after each change"
      )
    case .littleCrashMemory(let use):
      .warning(
        "the crash kernel has little memory to run in: \(byteText(use.left)) of \(byteText(use.reserved)) "
          + "(crashkernel=\(use.advised >> 20)M would be enough)")
    case .onlyForCrash(let option):
      .warning("\(option) has no effect without -p")
    case .noEffectOnType(let option):
      .warning("\(option) has no effect on a file of this type")
    case .noEffectOnFileCall(let option):
      .warning("\(option) has no effect on kexec_file_load")
    case .sectionsUsed(let kinds):
      .detail("\(kinds.map { $0.rawValue }.joined(separator: ", ")) of the unified image is used")
    case .sectionReplaced(let kind, let option):
      .detail("\(kind.rawValue) of the unified image is replaced by \(option)")
    case .firstProfile(let count):
      .detail("the unified image has \(count) profiles: the first one is loaded")
    case .signatureOfPart:
      .detail(
        "the running kernel checks the signature of .linux, not that of the unified image")
    case .unknownToKernel(let options):
      .warning(
        "the running kernel does not support \(options.joined(separator: " and ")): loaded without "
          + (options.count == 1 ? "it" : "them")
      )
    case .loaderWordKept(let word):
      .detail("\(word) is kept on the command line, although only the boot loader uses it")
    case .pastedCharacter(let character, let option):
      .warning("\(option) has \(character.text): the kernel takes it for an ordinary letter")
    case .notReplaced(let option):
      .warning("\(option) contains $(...) or `...`: no shell has expanded it")
    case .earlyOutput(let added, nil):
      .detail(
        "\(added.joined(separator: " ")): the kernel writes there before it has a console")
    case .earlyOutput(let added, let given?):
      .detail(
        "--early-output: \(given) is kept"
          + (added.isEmpty ? "" : ", and \(added.joined(separator: " ")) is added"))
    case .mapFault(let fault):
      .warning("\(fault.place) \(fault.reason.text): \(fault.text)")
    case .moreMapFaults(let count):
      .warning("\(count) more lines or entries of the memory maps are wrong and not used")
    case .memoryBeyondReach(let bits, let count):
      .warning("\(byteText(count)) of RAM at addresses of more than \(bits) bits are not used")
    }
  }
}

extension MapFault.Reason {
  fileprivate var text: String {
    switch self {
    case .malformed: "is not used: it is not a range"
    case .inverted: "is not used: it ends before it starts"
    case .tooLarge: "is not used: a number exceeds 64 bits"
    case .noType: "counts as reserved: it has no type"
    }
  }
}

extension MendedField {
  /// The name of the field and where it is.
  var place: String { "\(name) (\(hexText(UInt64(offset)))) of the kernel" }
}

extension PlanNote.NoEFIReason {
  fileprivate var text: String {
    switch self {
    case .kernelTooOld: "it does not support EFI after a kexec"
    case .mixedMode: "the firmware has 32 bits"
    case .descriptorVersion(let version):
      "the descriptors of the EFI memory map have version \(version), not 1"
    case .missing(let file): "/sys/firmware/efi/\(file) cannot be read"
    case .noRuntimeMap: "/sys/firmware/efi/runtime-map cannot be read"
    }
  }
}
