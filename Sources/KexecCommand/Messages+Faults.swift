internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import PurgatoryImage

// What is wrong with a device tree, with real mode, and with a plan: parts of the sentences of errors.

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
