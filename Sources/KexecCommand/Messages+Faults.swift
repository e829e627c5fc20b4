internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

// What is wrong with a captured machine, with a device tree, with real mode, and with a plan: parts of
// the sentences of errors.

extension CommandError {
  /// The captured machine below `root` cannot be planned for.
  init(_ evidence: ArchitectureEvidence, root: String) {
    let file = root + evidence.file
    let hint = "if it is x86_64 all the same, say so: --arch=x86_64"
    switch evidence.finding {
    case .architecture(let architecture):
      self.init(
        .otherArchitecture,
        "\(file): this is a machine of \(architecture.name), and only x86_64 can be planned for",
        advice: evidence.isProof ? "what its /proc/iomem lists is not laid out as on x86" : hint)
    case .notX86:
      self.init(
        .otherArchitecture,
        "\(file): this is no x86 machine, and only x86_64 can be planned for",
        advice: evidence.isProof ? "what its /proc/iomem lists is not laid out as on x86" : hint)
    case .unknown:
      self.init(
        .unknownArchitecture,
        "\(file) does not tell of which architecture this machine is, nor does any other file of it",
        advice: "capture /proc/cpuinfo too; \(hint)")
    }
  }
}

extension DeviceTreeError {
  var text: String {
    switch self {
    case .notATree(let found):
      "no device tree: it starts with 0x\(String(found, radix: 16)), not "
        + "0x\(String(DeviceTreeBlob.magic, radix: 16))"
    case .truncated(let needs, let has):
      "truncated: a device tree of \(needs) bytes, but there are only \(has)"
    }
  }
}

extension XenDomain {
  var text: String {
    switch self {
    case .first:
      "this is the first domain of Xen (dom0), and what it loads would not replace the hypervisor"
    case .paravirtual:
      "this is a paravirtual guest of Xen, whose page tables are the hypervisor's"
    }
  }

  var advice: String {
    switch self {
    case .first:
      "kexec-tools built with Xen's libraries asks the hypervisor itself to load"
    case .paravirtual: "restart the guest from dom0, or run it as HVM or PVH"
    }
  }
}

extension PlanningError.NoRealMode {
  var text: String {
    switch self {
    case .noBIOS: "this machine was booted by EFI, and there is no BIOS that the kernel could ask"
    case .tooLarge(let size):
      "real-mode part (\(byteText(UInt64(size)))) and command line do not fit into 64 KiB"
    }
  }
}

extension PlanFault {
  var text: String {
    switch self {
    case .tooManySegments(let count):
      "\(count) segments, and it takes \(segmentLimit): give fewer files"
    case .unaligned(let role): "the \(role.text) is not aligned to pages"
    case .overfull(let role): "the \(role.text) has more bytes than room"
    case .outsideRAM(let role, let range): "the \(role.text) at \(range) is outside RAM"
    case .overlap(let lower, let upper): "the \(lower.text) and the \(upper.text) overlap"
    case .moreThanHalfOfRAM(let segments, let ram):
      "the segments take \(byteText(segments)), more than half of the RAM (\(byteText(ram)))"
    case .purgatory(let error): "the purgatory's parameters do not fit: \(error.text)"
    case .entryOutside(let entry): "the entry \(entry) is in no segment"
    }
  }
}

extension PurgatoryError {
  var text: String {
    switch self {
    case .tooManyRegions(let found, let limit): "\(found) regions to check, and it takes \(limit)"
    case .wrongDigestLength(let found, let wanted):
      "a digest of \(found) bytes, and it takes \(wanted)"
    case .impossibleRegion(let region):
      "no memory has \(region.byteCount) bytes at 0x\(String(region.start, radix: 16))"
    }
  }
}

extension CrashRegionDoubt {
  var text: String {
    switch self {
    case .outsideRAM(let range):
      "/proc/iomem has \"Crash kernel\" at \(range), which is not all in System RAM"
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
      "crashkernel=\(word) gives it contiguous memory (CMA), and the running kernel does not say where"
    case .contiguousElsewhere(let range):
      "crash_cma_ranges has \(range), which is not System RAM beside the region in /proc/iomem"
    case .otherPlace(let range, let word):
      "/proc/iomem has \"Crash kernel\" at \(range), but the running kernel was started with "
        + "crashkernel=\(word), which puts it elsewhere"
    }
  }

  var advice: String {
    switch self {
    case .otherThanReserved, .otherPlace:
      "dmesg says what was reserved; nothing was loaded or unloaded"
    case .contiguousUnknown: "use kexec_file_load (-s): the running kernel plans that itself"
    default: "both files must be of the same boot; nothing was loaded or unloaded"
    }
  }
}
