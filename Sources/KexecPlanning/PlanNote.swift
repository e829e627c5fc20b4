package import KexecABI
package import KernelImages
package import RunningSystem

/// Something about a plan that the user should know, though it does not stop the load.
package enum PlanNote: Equatable, Sendable {
  /// The checksum stored in the kernel file is wrong.
  case checksumMismatch
  /// An ELF file that is not a Linux kernel gets its arguments as boot notes, since the user did not say how.
  case bootNotesAssumed
  /// A kernel in real mode gets no device tree: this section of the unified image is not used.
  case notInRealMode(UnifiedKernelImage.Kind)
  /// `--type=bzImage` was given for a kernel with a 64-bit entry, which is entered in 64-bit mode all the
  /// same.
  case enteredIn64Bits
  /// memdisk uses the BIOS, so it is entered in real mode.
  case memdisk
  /// The initrd is a disk image, but the kernel, which is not Linux, is not entered in real mode.
  case diskWithoutBIOS
  /// A field of the kernel's header cannot be right, and another value is used.
  case headerFieldMended(MendedField)
  /// init_size of the kernel's header, the first number, is too small: the kernel gets the second, in
  /// bytes.
  case initSizeTooSmall(UInt64, needed: UInt64)
  /// The kernel exports no firmware memory map: the map comes from /proc/iomem.
  case noFirmwareMap
  /// `add_efi_memmap` made the running kernel's map: the map comes from /proc/iomem.
  case efiMapWasAdded
  /// /proc/iomem hides its addresses: only firmware's map tells where memory is free.
  case ioMemoryHidden
  /// EFI state is not handed over.
  case noEFI(NoEFIReason)
  /// The running kernel does not export its boot_params: the next one is not told about screen and disks.
  case noBootParameters
  /// A graphics driver has changed the mode: the next kernel starts without a framebuffer.
  case framebufferLost
  /// The kernel has no random bytes yet: the next one starts without a seed.
  case noRandomSeed
  /// The kernel was unpacked now, from this format, and will be entered directly.
  case unpacked(format: String)
  /// The kernel will unpack itself after the jump.
  case ordinaryEntry(OrdinaryEntryReason)
  /// The kernel cannot be moved, or there are no random numbers: its addresses can be guessed.
  case noRandomAddress
  /// The kernel stays at the address that it was linked for, since there is too little memory for the copy
  /// that is relocated. In bytes.
  case notMoved(needed: UInt64, available: UInt64)
  /// An initrd, by its index in the request, is unpacked now.
  case initrdUnpacked(Int)
  /// An initrd is unpacked up to a point, and loaded unchanged from there.
  case initrdPartlyUnpacked(Int, InitrdReason)
  /// An initrd is loaded unchanged.
  case initrdUnchanged(Int, InitrdReason)
  /// An initrd is damaged, and loaded all the same.
  case initrdDamaged(path: String, InitrdDamage)
  /// An initrd may not work. If it is unpacked now, the reason may not matter.
  case initrdSuspect(path: String, InitrdSuspicion, isUnpackedNow: Bool)
  /// An initrd has a format that the kernel does not support, according to this configuration.
  case initrdFormatUnknown(
    path: String, format: String, configuration: String, isUnpackedNow: Bool)
  /// A part of an initrd was not checked.
  case initrdNotChecked(path: String, InitrdUnchecked)
  /// The initrds have modules, but none for this kernel.
  case modulesOfOtherRelease([String], kernel: String)
  /// This parameter names a device that only a program in an initrd could find, and there is no initrd.
  case rootNeedsInitrd(String)
  /// The next kernel has only this much memory, so that it can return to the running one.
  case confined(byteCount: UInt64)
  /// The kernel file, or that section of it, was compressed as a whole in this format.
  case fileUnpacked(UnifiedKernelImage.Kind?, format: String)
  /// The kernel asks for a graphics mode, but gets the current one.
  case videoModeNotSet
  /// The ACPI RSDP cannot be read: the kernel must look for it itself.
  case noRSDP
  /// 5-level page tables are in use, which the kernel can leave only from its 32-bit entry.
  case enteredIn32Bits
  /// The kernel's file does not say whether it copes with the 5-level page tables in use: it gets 4-level
  /// ones.
  case enteredWithFourLevels
  /// The kernel's file does not say whether it copes with the 5-level page tables in use.
  case fiveLevelsUnknown
  /// Kexec handover is active, according to this evidence, but nothing was found that is kept. This call
  /// loads the kernel.
  case handoverActive(evidence: String, LoadCall)
  /// This is handed over to the next kernel.
  case handedOver([KexecHandover.PreservedState])
  /// The next kernel takes what is handed over only with these parameters on its command line.
  case handoverNeedsWords([String])
  /// This is lost with the jump, as the user asked for.
  case handoverDropped([KexecHandover.PreservedState])
  /// The checks are off: a changed segment would go unnoticed.
  case checksOff
  /// The dump will not have the processors' registers: only root may read where they are saved.
  case noProcessorNotes
  /// The running kernel does not tell where its VMCOREINFO is; few tools can read a dump without it.
  case noVMCOREINFO
  /// /proc/kcore cannot be read: the elfcorehdr has the usual virtual addresses.
  case kernelAddressesGuessed
  /// The running kernel, which is older than 5.5, has data in the first MiB, which the crash kernel will use.
  case lowMemoryNotDumped
  /// The running kernel cannot update the elfcorehdr when processors or memory are added or removed.
  case noHotplug
  /// Little of the reserved memory is left for the crash kernel to run in.
  case littleCrashMemory(CrashRegionUse)
  /// This option has no effect without `-p`.
  case onlyForCrash(String)
  /// This option has no effect with kexec_file_load.
  case noEffectOnFileCall(String)
  /// This option has no effect on a file of the kernel's type.
  case noEffectOnType(option: String)
  /// The running kernel does not know all flags for these options, and has loaded the kernel without them.
  case unknownToKernel([String])
  /// The reused command line has a parameter that only an EFI boot loader acts on.
  case loaderWordKept(String)
  /// These sections of the unified image are used.
  case sectionsUsed([UnifiedKernelImage.Kind])
  /// An option replaces a section of the unified image.
  case sectionReplaced(UnifiedKernelImage.Kind, by: String)
  /// The unified image has this many profiles, of which the first is loaded.
  case firstProfile(of: Int)
  /// The unified image is signed, but the running kernel checks only the kernel inside.
  case signatureOfPart

  /// There are more initrds than segments for them: they are loaded in one segment, unchanged.
  case initrdsJoined(Int)
  /// The command line has no space for so many of the modules and parameters that are to be preserved.
  case modulesWithoutSpace(modules: Int, parameters: Int)
  /// Parameters of loaded modules whose values cannot be read or cannot be written on a command line.
  case parametersNotKept([String])
  /// The hidden parameters of modules could not be read.
  case hiddenParametersUnknown
  /// What this option added to the command line has a character that only looks like another one.
  case pastedCharacter(PastedCharacter, in: String)
  /// What this option added to the command line has a `$(…)` that no shell has replaced.
  case notReplaced(in: String)
  /// An entry of the running kernel's memory maps is impossible, and is ignored.
  case mapFault(MapFault)
  /// There are so many more impossible entries.
  case moreMapFaults(Int)
  /// So many bytes of RAM have addresses of more than so many bits; no segment is placed there.
  case memoryBeyondReach(bits: Int, byteCount: UInt64)

  /// These parameters for early output were added to the command line, which had this one already.
  case earlyOutput(added: [String], given: String?)

  /// Why EFI state is not handed over.
  package enum NoEFIReason: Equatable, Sendable {
    /// The kernel to be loaded does not understand it.
    case kernelTooOld
    /// The firmware is for 32 bits.
    case mixedMode
    /// The descriptors have this version.
    case descriptorVersion(UInt32)
    /// This file is missing or not readable.
    case missing(String)
    /// There is no runtime map, or only root may read it.
    case noRuntimeMap
  }
}
