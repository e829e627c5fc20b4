internal import CLinux

// The flags of the kexec system calls: from <linux/kexec.h> if Debian 12's has them, otherwise by value. Each
// has the release of Linux that introduced it.

/// Flags of kexec_load.
package enum SegmentFlags {
  /// The kernel is for a crash. KEXEC_ON_CRASH, 2.6.13.
  package static let onCrash = UInt(KEXEC_ON_CRASH)
  /// The kernel can return to the running one. KEXEC_PRESERVE_CONTEXT, 2.6.27.
  package static let preserveContext = UInt(KEXEC_PRESERVE_CONTEXT)
  /// The running kernel may update the elfcorehdr when processors or memory are added or removed.
  /// KEXEC_UPDATE_ELFCOREHDR, 6.6: known by all kernels that have /sys/kernel/crash_elfcorehdr_size.
  /// KEXEC_CRASH_HOTPLUG_SUPPORT (0x8), 6.10, does the same on x86.
  package static let updateCoreHeader: UInt = 0x4
  /// The segments are for x86_64. KEXEC_ARCH_X86_64, 2.6.13.
  package static let x86_64 = UInt(KEXEC_ARCH_X86_64)
  /// The part of the flags that is the architecture. KEXEC_ARCH_MASK.
  package static let architectureMask = UInt(KEXEC_ARCH_MASK)
}

/// Flags of kexec_file_load.
package enum FileFlags {
  /// Nothing is loaded, and what is loaded is freed. KEXEC_FILE_UNLOAD, 3.17.
  package static let unload = UInt(KEXEC_FILE_UNLOAD)
  /// The kernel is for a crash. KEXEC_FILE_ON_CRASH, 3.17.
  package static let onCrash = UInt(KEXEC_FILE_ON_CRASH)
  /// There is no initrd. KEXEC_FILE_NO_INITRAMFS, 3.17.
  package static let noInitramfs = UInt(KEXEC_FILE_NO_INITRAMFS)
  /// Nothing goes into contiguous memory. KEXEC_FILE_NO_CMA, 6.17.
  package static let noCMA: UInt = 0x10
  /// The running kernel's device tree is passed on. KEXEC_FILE_FORCE_DTB, 6.18.
  package static let forceDTB: UInt = 0x20
}

extension LoadCall {
  /// What <linux/kexec.h> calls the bits of `flags`, which are of this call, lowest first; a bit without
  /// a name here is a number.
  package func flagNames(_ flags: UInt) -> [String] {
    let known: [(UInt, String)] =
      switch self {
      case .segments:
        [
          (SegmentFlags.onCrash, "KEXEC_ON_CRASH"),
          (SegmentFlags.preserveContext, "KEXEC_PRESERVE_CONTEXT"),
          (SegmentFlags.updateCoreHeader, "KEXEC_UPDATE_ELFCOREHDR"),
        ]
      case .file:
        [
          (FileFlags.unload, "KEXEC_FILE_UNLOAD"), (FileFlags.onCrash, "KEXEC_FILE_ON_CRASH"),
          (FileFlags.noInitramfs, "KEXEC_FILE_NO_INITRAMFS"),
          (FileFlags.noCMA, "KEXEC_FILE_NO_CMA"),
          (FileFlags.forceDTB, "KEXEC_FILE_FORCE_DTB"),
        ]
      }
    var names: [String] = []
    var rest = flags
    let architecture = flags & SegmentFlags.architectureMask
    if self == .segments { rest &= ~SegmentFlags.architectureMask }
    for (flag, name) in known where (rest & flag) != 0 {
      names.append(name)
      rest &= ~flag
    }
    if rest != 0 { names.append("0x\(String(rest, radix: 16))") }
    if self == .segments, architecture != 0 {
      names.append(
        architecture == SegmentFlags.x86_64
          ? "KEXEC_ARCH_X86_64" : "0x\(String(architecture, radix: 16))")
    }
    return names
  }
}

/// The most segments that kexec_load takes. KEXEC_SEGMENT_MAX.
package let segmentLimit = Int(KEXEC_SEGMENT_MAX)
