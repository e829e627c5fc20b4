package import KexecABI
package import KernelImages
package import RunningSystem

/// Something about a plan that the user should know, though it does not stop the load.
package enum PlanNote: Equatable, Sendable {
  /// The checksum stored in the kernel file is wrong.
  case checksumMismatch
  /// An ELF file that is no Linux kernel gets its arguments as boot notes, since nobody said how.
  case bootNotesAssumed
  /// In real mode the kernel is handed no device tree: this section of the unified image is left out.
  case notInRealMode(UnifiedKernelImage.Kind)
  /// `--type=bzImage` was given for a kernel with a 64-bit entry, and it is entered there all the same.
  case enteredIn64Bits
  /// memdisk asks the BIOS, so it is entered in real mode.
  case memdisk
  /// The initrd is the image of a disk, and a kernel that is no Linux kernel is not entered in real mode.
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
  /// /proc/iomem hides its addresses: places come from firmware's map alone.
  case ioMemoryHidden
  /// EFI state is not handed over.
  case noEFI(NoEFIReason)
  /// The running kernel's boot_params are not exported: screen and disk facts are left out.
  case noBootParameters
  /// A graphics driver has changed the mode: the next kernel starts without a picture.
  case framebufferLost
  /// The kernel has no random bytes yet: the next one starts without a seed.
  case noRandomSeed
  /// The kernel was unpacked now, from this format, and will be entered directly.
  case unpacked(format: String)
  /// The kernel will unpack itself after the jump.
  case ordinaryEntry(OrdinaryEntryReason)
  /// The kernel cannot be moved, or there are no random bytes: its addresses can be guessed.
  case noRandomAddress
  /// The kernel stays where it was linked to be: for a copy to move there is too little memory, in
  /// bytes.
  case notMoved(needed: UInt64, available: UInt64)
  /// An initrd, by its place in the request, is unpacked now.
  case initrdUnpacked(Int)
  /// An initrd is unpacked up to a point, and passed on as it is from there.
  case initrdPartlyUnpacked(Int, InitrdReason)
  /// An initrd is passed on as it is.
  case initrdUnchanged(Int, InitrdReason)
  /// An initrd is damaged, and loaded all the same.
  case initrdDamaged(path: String, InitrdDamage)
  /// An initrd may not do; where it is unpacked now, what stands against it may not matter.
  case initrdSuspect(path: String, InitrdSuspicion, isUnpackedNow: Bool)
  /// An initrd has a format that the kernel was built without, says this configuration.
  case initrdFormatUnknown(
    path: String, format: String, configuration: String, isUnpackedNow: Bool)
  /// A part of an initrd was not looked into.
  case initrdNotChecked(path: String, InitrdUnchecked)
  /// The initrds have modules, but none of this kernel.
  case modulesOfOtherRelease([String], kernel: String)
  /// This word names what only a program in an initrd could find, and there is none.
  case rootNeedsInitrd(String)
  /// The next kernel has only this much memory, so that the running one can go on after it.
  case confined(byteCount: UInt64)
  /// The kernel file, or that section of it, was compressed as a whole, by this format.
  case fileUnpacked(UnifiedKernelImage.Kind?, format: String)
  /// The kernel asks for a graphics mode, and keeps the one that there is.
  case videoModeNotSet
  /// The ACPI RSDP cannot be read: the kernel must look for it itself.
  case noRSDP
  /// 5-level page tables are in use, which the kernel can leave only from its 32-bit entry.
  case enteredIn32Bits
  /// The kernel's file does not say if it copes with the 5-level page tables in use: it gets others.
  case enteredWithFourLevels
  /// Whether the kernel copes with the 5-level page tables in use, its file does not say.
  case fiveLevelsUnknown
  /// Kexec handover is active, by this evidence, and nothing is seen that is kept; it goes by this call.
  case handoverActive(evidence: String, LoadCall)
  /// This is handed to the next kernel.
  case handedOver([KexecHandover.PreservedState])
  /// The next kernel takes what is handed to it only with these words on its command line.
  case handoverNeedsWords([String])
  /// This is lost with the jump, as asked for.
  case handoverDropped([KexecHandover.PreservedState])
  /// The checks are off: a changed segment would go unnoticed.
  case checksOff
  /// Processors' registers will not be in the dump: only root may read where they are kept.
  case noProcessorNotes
  /// The running kernel does not say where its VMCOREINFO is, without which few tools read a dump.
  case noVMCOREINFO
  /// /proc/kcore cannot be read: the dump's headers have the usual virtual addresses.
  case kernelAddressesGuessed
  /// A kernel before 5.5 has data in the first MiB, which the crash kernel will use.
  case lowMemoryNotDumped
  /// The running kernel cannot keep the headers true when processors or memory come and go.
  case noHotplug
  /// Little of what is reserved is left for the crash kernel to run in.
  case littleCrashMemory(CrashRegionUse)
  /// This option does nothing without `-p`.
  case onlyForCrash(String)
  /// This option does nothing when the kernel makes the segments.
  case noEffectOnFileCall(String)
  /// An option that means nothing to a file of the kernel's type.
  case noEffectOnType(option: String)
  /// The running kernel knows none of the flags for these options, or not all: it loaded without.
  case unknownToKernel([String])
  /// The reused command line has a word that only an EFI boot loader acts on.
  case loaderWordKept(String)
  /// These sections of the unified image are used.
  case sectionsUsed([UnifiedKernelImage.Kind])
  /// An option takes the place of a section of the unified image.
  case sectionReplaced(UnifiedKernelImage.Kind, by: String)
  /// The unified image has this many profiles, of which the first is loaded.
  case firstProfile(of: Int)
  /// The unified image is signed, but the running kernel looks only at the kernel inside.
  case signatureOfPart

  /// More initrds than there are segments for: they go in one, as they are.
  case initrdsJoined(Int)
  /// The command line has no space for so many of the modules and parameters to be preserved.
  case modulesWithoutSpace(modules: Int, parameters: Int)
  /// Parameters of loaded modules whose values cannot be read, or not be written down.
  case parametersNotKept([String])
  /// Parameters that the kernel hides could not be looked for.
  case hiddenParametersUnknown
  /// The command line, in what this option gave, has a character that only looks like another.
  case pastedCharacter(PastedCharacter, in: String)
  /// The command line, in what this option gave, has a `$(…)` that no shell has replaced.
  case notReplaced(in: String)
  /// A part of the running kernel's memory maps cannot be, and is left out.
  case mapFault(MapFault)
  /// There are so many more of them.
  case moreMapFaults(Int)
  /// So many bytes of RAM are at addresses of more than so many bits: no segment lies there.
  case memoryBeyondReach(bits: Int, byteCount: UInt64)

  /// The command line got these words for early output, beside this one that it had already.
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
