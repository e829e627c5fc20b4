package import ByteCoding
package import KernelImages
package import KexecABI
package import PhysicalMemory

/// What will be given to the kernel, complete to the last byte; nothing has been touched yet.
package struct LoadPlan: Sendable {
  /// What the system call gets.
  package enum Action: Sendable {
    /// kexec_load with segments of our making.
    case segments(SegmentLoad)
    /// kexec_file_load, where the kernel makes the segments.
    case file(FileLoad)
  }

  /// What is loaded: the user's request, with a unified image taken apart.
  package let request: LoadRequest
  /// The kernel's own name for itself, such as "6.1.0-56-cloud-amd64", if the file tells.
  package let kernelVersion: String?
  /// The image type and boot protocol, as in "bzImage64, boot protocol 2.15".
  package let imageDescription: String
  /// The command line that the next kernel gets.
  package let commandLine: String
  /// What the kernel is for.
  package var purpose: LoadOptions.Purpose { request.options.purpose }
  /// What the system call gets.
  package let action: Action
  /// Why this system call.
  package let reason: RouteReason
  /// The system call.
  package var call: LoadCall {
    switch action {
    case .segments: .segments
    case .file: .file
    }
  }
  /// What the user should know.
  package internal(set) var notes: [PlanNote]

  /// Whether the kernel can return to the running one: KEXEC_PRESERVE_CONTEXT.
  package var preservesContext: Bool {
    guard case .segments(let load) = action else { return false }
    return load.flags & SegmentFlags.preserveContext != 0
  }
}

/// A piece of the next system, and where it goes.
package struct PlannedSegment: Sendable {
  /// What a segment is for.
  package enum Role: Equatable, Sendable {
    /// The kernel's protected-mode part, or a part of the unpacked kernel.
    case kernel
    /// boot_params, command line, setup_data and EFI map.
    case bootBlock
    /// The kernel's real-mode part, with the command line.
    case realMode
    /// Memory for the next kernel to work in, and nothing in it.
    case workspace
    /// Page tables for the return to a kernel that was left.
    case pageTables
    /// The code that runs between the kernels.
    case purgatory
    /// An initrd, by its place in the request.
    case initrd(Int)
    /// The headers that tell a crash kernel of the old memory: elfcorehdr.
    case coreHeader
    /// A multiboot module, by its place in the request.
    case module(Int)
  }

  /// What it is for.
  package let role: Role
  /// Its bytes; the destination is filled up with zeros.
  package let bytes: SharedBytes
  /// Where it goes: page-aligned at both ends.
  package let destination: PhysicalRange
  /// Whether the purgatory checks it: not itself, and not what the running kernel may rewrite.
  package var isChecked = true
}

/// The arguments of kexec_load.
package struct SegmentLoad: Sendable {
  /// Where the running kernel jumps to: the purgatory.
  package let entry: PhysicalAddress
  /// Where the purgatory jumps to.
  package let kernelEntry: PhysicalAddress
  /// The segments, lowest first.
  package let segments: [PlannedSegment]
  /// KEXEC_ bits with the architecture.
  package let flags: UInt
  /// The memory map that the next kernel gets.
  package let memoryMap: MemoryMap
  /// How the purgatory checks the segments.
  package let digest: DigestKind
  /// Bytes of memory that the loader is expected to take at the most: kernel and initrds, unpacked
  /// where they are, and itself.
  package let expectedPeak: UInt64
  /// By how many bytes the kernel was moved from the virtual address that it was linked for, drawn at
  /// random at load time; nil when the kernel stays there or moves itself.
  package var virtualShift: UInt64?
}

/// How the purgatory checks the segments before it enters the kernel.
package enum DigestKind: String, Equatable, Sendable {
  /// Not at all.
  case none
  /// By the 64 bits of komihash over the bytes of all segments but its own: finds stray writes, at
  /// the speed of memory.
  case komihash
  /// By SHA-256 over the same bytes.
  case sha256
}

/// The arguments of kexec_file_load; the files are the request's.
package struct FileLoad: Equatable, Sendable {
  /// Whether there is an initrd.
  package let hasInitrd: Bool
  /// KEXEC_FILE_ bits.
  package let flags: UInt
  /// Best-effort flags: where the kernel does not know them the load is tried without.
  package let bestEffortFlags: UInt
}

/// Why a system call was chosen.
package enum RouteReason: Equatable, Sendable {
  /// The user named it.
  case asked
  /// It is the default.
  case preferred
  /// It can load the kernel unpacked, so that the jump is faster.
  case jumpsFaster
  /// Only this call hands on the running kernel's list of measurements (IMA).
  case keepsMeasurements
  /// The running kernel wants signatures, which only this call checks.
  case policy
  /// The kernel refused kexec_load.
  case segmentsRefused
  /// Nothing could be planned for the call that would have come first.
  case otherNotPlanned
  /// The kernel refused the file call in a way that says nothing against the other.
  case fileCallRefused
  /// The file call takes no image of this type.
  case imageType
  /// These options mean nothing to the file call.
  case needed(by: [String])
  /// The file call takes less of a command line.
  case commandLineTooLongForFileCall
}

/// Something about a plan that the user should know, though it does not stop the load.
package enum PlanNote: Equatable, Sendable {
  /// The checksum stored in the kernel file is wrong.
  case checksumMismatch
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
  /// An initrd, by its place in the request, is unpacked now.
  case initrdUnpacked(Int)
  /// An initrd is unpacked up to a point, and passed on as it is from there.
  case initrdPartlyUnpacked(Int, InitrdReason)
  /// An initrd is passed on as it is.
  case initrdUnchanged(Int, InitrdReason)
  /// The next kernel has only this much memory, so that the running one can go on after it.
  case confined(byteCount: UInt64)
  /// The kernel file, or that section of it, was compressed as a whole, by this format.
  case fileUnpacked(UnifiedKernelImage.Kind?, format: String)
  /// The kernel asks for a graphics mode, and keeps the one that there is.
  case videoModeNotSet
  /// The ACPI root pointer cannot be read: the kernel must look for it itself.
  case noRootPointer
  /// Whether the kernel copes with the 5-level page tables in use, its file does not say.
  case fiveLevelsUnknown
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
  /// The command line has no room for so many of the modules and parameters to be preserved.
  case modulesWithoutRoom(modules: Int, parameters: Int)
  /// Parameters of loaded modules whose values cannot be read, or not be written down.
  case parametersNotKept([String])
  /// Parameters that the kernel hides could not be looked for.
  case hiddenParametersUnknown

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
