internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

// Parts of the sentences of errors: what is wrong with a captured machine, a device tree, a
// real-mode entry, or a plan.

extension CommandError {
  /// The captured machine in `root` has an architecture that is unknown or not supported.
  init(_ evidence: ArchitectureEvidence, root: String) {
    let file = root + evidence.file
    let hint = "if it is an x86_64 machine, give --arch=x86_64"
    switch evidence.finding {
    case .architecture(let architecture):
      self.init(
        .otherArchitecture,
        "\(file): this is a machine of architecture \(architecture.name), but only x86_64 is supported",
        advice: evidence.isProof ? "its /proc/iomem is not that of an x86 machine" : hint)
    case .notX86:
      self.init(
        .otherArchitecture,
        "\(file): this is not an x86 machine, but only x86_64 is supported",
        advice: evidence.isProof ? "its /proc/iomem is not that of an x86 machine" : hint)
    case .unknown:
      self.init(
        .unknownArchitecture,
        "\(file) does not tell the architecture of this machine, and neither does any other file",
        advice: "capture /proc/cpuinfo too; \(hint)")
    }
  }
}

extension DeviceTreeError {
  var text: String {
    switch self {
    case .notATree(let found):
      "not a device tree: it starts with 0x\(String(found, radix: 16)), not "
        + "0x\(String(DeviceTreeBlob.magic, radix: 16))"
    case .truncated(let needs, let has):
      "truncated: the device tree has \(needs) bytes, but the file has only \(has)"
    }
  }
}

extension XenDomain {
  var text: String {
    switch self {
    case .first:
      "this is Xen's dom0, and a kernel loaded here would not replace the hypervisor"
    case .paravirtual:
      "this is a paravirtual Xen guest, whose page tables belong to the hypervisor"
    }
  }

  var advice: String {
    switch self {
    case .first:
      "use kexec-tools built with Xen's libraries, which asks the hypervisor to load the kernel"
    case .paravirtual: "restart the guest from dom0, or run it as HVM or PVH"
    }
  }
}

extension PlanningError.NoRealMode {
  var text: String {
    switch self {
    case .noBIOS: "this machine was booted by EFI, so there is no BIOS for the kernel to call"
    case .tooLarge(let size):
      "the real-mode part (\(byteText(UInt64(size)))) and the command line do not fit into 64 KiB"
    }
  }
}

extension PlanFault {
  var text: String {
    switch self {
    case .tooManySegments(let count):
      "there are \(count) segments, but the limit is \(segmentLimit): give fewer files"
    case .unaligned(let role): "the \(role.text) is not aligned to a page"
    case .overfull(let role): "the \(role.text) has more bytes than its memory range"
    case .outsideRAM(let role, let range): "the \(role.text) at \(range) is outside RAM"
    case .overlap(let lower, let upper): "the \(lower.text) and the \(upper.text) overlap"
    case .moreThanHalfOfRAM(let segments, let ram):
      "the segments take \(byteText(segments)), more than half of the RAM (\(byteText(ram)))"
    case .purgatory(let error): "the purgatory's parameters are invalid: \(error.text)"
    case .entryOutside(let entry): "the entry \(entry) is outside all segments"
    }
  }
}

extension PurgatoryError {
  var text: String {
    switch self {
    case .tooManyRegions(let found, let limit):
      "\(found) regions to check, but the limit is \(limit)"
    case .wrongDigestLength(let found, let wanted):
      "the digest has \(found) bytes instead of \(wanted)"
    case .impossibleRegion(let region):
      "no memory range has \(region.byteCount) bytes at 0x\(String(region.start, radix: 16))"
    }
  }
}

extension CrashRegionDoubt {
  var text: String {
    switch self {
    case .outsideRAM(let range):
      "/proc/iomem has \"Crash kernel\" at \(range), which is not entirely System RAM"
    case .overlap(let lower, let upper):
      "/proc/iomem has \"Crash kernel\" at \(lower) and at \(upper), which overlap"
    case .otherSize(let range, let stated):
      "/proc/iomem has \"Crash kernel\" at \(range), which is \(byteText(range.byteCount)), but "
        + "/sys/kernel/kexec_crash_size says \(byteText(stated))"
    case .notListed(let stated):
      "/sys/kernel/kexec_crash_size says \(byteText(stated)), but /proc/iomem has no \"Crash kernel\""
    case .otherThanReserved(let range, let word):
      "/proc/iomem has \"Crash kernel\" at \(range), which is \(byteText(range.byteCount)), but the "
        + "running kernel was started with crashkernel=\(word)"
    case .contiguousUnknown(let word):
      "crashkernel=\(word) reserves contiguous memory (CMA), but the running kernel does not tell where"
    case .contiguousElsewhere(let range):
      "crash_cma_ranges has \(range), which is not System RAM outside of the region in /proc/iomem"
    case .otherPlace(let range, let word):
      "/proc/iomem has \"Crash kernel\" at \(range), but the running kernel was started with "
        + "crashkernel=\(word), which puts it elsewhere"
    }
  }

  var advice: String {
    switch self {
    case .otherThanReserved, .otherPlace:
      "dmesg says what was reserved; nothing was loaded or unloaded"
    case .contiguousUnknown: "use kexec_file_load (-s): the running kernel knows where it is"
    default: "both files must come from the same boot; nothing was loaded or unloaded"
    }
  }
}
