package import KernelImages
package import PhysicalMemory
package import PurgatoryImage
package import RunningSystem

/// Why a request cannot be carried out on a machine.
package enum PlanningError: Error, Equatable, Sendable {
  /// The command line is longer than the kernel allows. Both in bytes without the terminator.
  case commandLineTooLong(length: Int, limit: Int)
  /// The command line has an open quote, and a parameter must be added behind it.
  case openQuote
  /// The command line contains a NUL byte, at which the kernel would cut it off.
  case commandLineHasNUL(offset: Int)
  /// There is no free memory for a segment.
  case noRoom(NoRoom)
  /// There is too little free memory for the load, whichever system call is used.
  case littleMemory(MemoryShortage)
  /// The machine has no memory map that can be used.
  case noMemoryMap
  /// The running kernel has reserved no region at boot, which a crash kernel needs.
  case noCrashRegion
  /// There is a reserved region, but the running kernel hides its address from this process.
  case crashRegionHidden
  /// The sources that describe the reserved region contradict each other.
  case crashRegionDoubtful(CrashRegionDoubt)
  /// Memory ends at this address, which 32-bit headers cannot describe.
  case memoryBeyondELF32(end: PhysicalAddress)
  /// There are more ranges of memory than the headers for a crash kernel can have.
  case tooManyRanges(Int)
  /// The kernel to be loaded cannot start in 64-bit mode, as kexec_file_load would start it, while
  /// 5-level page tables are in use.
  case fiveLevelPaging
  /// Because of 5-level page tables the kernel must be entered in 32-bit mode, and there is no free memory
  /// for a segment where it can be reached then.
  case fiveLevelPagingNoRoom(NoRoom)
  /// kexec_file_load would believe a field of the kernel's header that cannot be right.
  case headerBelieved(MendedField)
  /// The kernel is older than boot protocol 2.02; its own is given.
  case protocolTooOld(String)
  /// An initrd is damaged.
  case damagedInitrd(path: String, InitrdDamage)
  /// The file given as device tree is not one.
  case deviceTree(path: String, DeviceTreeError)
  /// The name is not that of a serial port.
  case serialPort(String)
  /// There is no port for early output: the running kernel has only these consoles.
  case noEarlyPort([String])
  /// It is unknown how the registers of the port for early output are accessed, or `earlycon=` cannot express
  /// it.
  case earlyPortUnknown(String)
  /// The kernel cannot be entered in real mode.
  case realMode(NoRealMode)
  /// The kernel can be entered only in real mode, which this option excludes.
  case realModeOnly(option: String)
  /// Two options contradict each other.
  case contradiction(String, String)
  /// kexec_file_load takes no image of this type.
  case notByFileCall(ImageType)
  /// Only a Linux kernel can have an initrd.
  case initrdForOther
  /// Only a multiboot kernel can have modules.
  case modulesForOther
  /// Only a Linux kernel can be a crash kernel.
  case crashNeedsLinux
  /// Only a Linux kernel can return to the running one.
  case returnNeedsLinux
  /// What the running kernel keeps for the next one would be lost, for this reason.
  case handoverLost([KexecHandover.PreservedState], HandoverLoss)
  /// The hypervisor of the running kernel does not let it be replaced.
  case xen(XenDomain)
  /// Xen as a multiboot kernel cannot start on a machine that was booted by EFI.
  case xenByMultibootOnEFI
  /// The vmlinux cannot be entered.
  case vmlinux(VmlinuxError)
  /// The finished list of segments breaks a rule of kexec_load: a fault of this program.
  case invalid(PlanFault)

  /// Why a kernel cannot be entered in real mode.
  package enum NoRealMode: Equatable, Sendable {
    /// The machine was booted by EFI.
    case noBIOS
    /// The real-mode part has this many bytes, which leaves no space for its heap, or the command line
    /// does not fit behind it.
    case tooLarge(Int)
  }

  /// What did not fit, and how close it came.
  package struct NoRoom: Error, Equatable, Sendable {
    /// What the segment is for.
    package let role: PlannedSegment.Role
    /// Bytes that it takes.
    package let byteCount: UInt64
    /// The alignment of its start.
    package let alignment: UInt64
    /// Where it may lie.
    package let bounds: PhysicalRange
    /// The largest free range there; nil when there is none.
    package let largestHole: PhysicalRange?
  }
}

/// A rule of kexec_load that a list of segments breaks.
package enum PlanFault: Error, Equatable, Sendable {
  /// More segments than KEXEC_SEGMENT_MAX.
  case tooManySegments(Int)
  /// A segment does not start or end at a page.
  case unaligned(PlannedSegment.Role)
  /// A segment has more bytes than space.
  case overfull(PlannedSegment.Role)
  /// A segment is not in usable RAM.
  case outsideRAM(PlannedSegment.Role, PhysicalRange)
  /// Two segments share memory.
  case overlap(PlannedSegment.Role, PlannedSegment.Role)
  /// All segments together take more than half of the RAM, which the running kernel refuses.
  case moreThanHalfOfRAM(segments: UInt64, ram: UInt64)
  /// The purgatory has no space for its parameters.
  case purgatory(PurgatoryError)
  /// The entry is in no segment.
  case entryOutside(PhysicalAddress)
}
