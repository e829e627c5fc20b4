internal import ByteCoding
internal import Compression
internal import CrashDumps
internal import ELFFormat

/// What the headers and notes of a dump say.
struct DumpInfoReport {
  let image: CrashImage
  let path: String

  init(_ image: CrashImage, path: String) {
    self.image = image
    self.path = path
  }

  func text(on terminal: Terminal) -> String {
    let information = image.information
    var rows: [(String, String)] = [
      ("format", formatText), ("machine", machineName),
      ("release", information.release.map { String(printable: $0.utf8) } ?? "unknown"),
      ("build ID", information.buildID.map { String(printable: $0.utf8) } ?? "unknown"),
      ("crash time", information.crashTime.map { timeText($0) } ?? "unknown"),
      (
        "memory",
        "\(byteText(image.frameCount << 12)) in pages below \(hexText(image.endFrame << 12))"
      ),
      ("processors", "\(image.processorCount) with registers"),
      ("paging", image.pagingLevels.map { "\($0) levels" } ?? "unknown"),
      ("KASLR offset", information.kernelOffset.map(hexText) ?? "unknown"),
      ("VMCOREINFO", originText),
    ]
    if image.format.isMarkedIncomplete { rows.append(("incomplete", "the file says so itself")) }
    if image.format.flattenedEnd == false {
      rows.append(("incomplete", "the flattened file has no end: it was cut short"))
    }
    if image.format.missingByteCount > 0 {
      rows.append(("truncated", image.format.missingText))
    }
    return rows.map { terminal.row($0.0.padded(to: 14), $0.1, column: 14) }.joined()
  }

  var json: JSON {
    let information = image.information
    let facts = layoutFacts
    return .document([
      ("path", .string(path)),
      ("format", .string(facts.format)),
      ("bits", .optional(facts.bits)),
      ("ranges", .optional(facts.ranges)),
      ("compression", .optional(facts.compression)),
      ("level", .optional(facts.level)),
      ("split", .bool(facts.isSplit)),
      ("flattened", .bool(image.format.flattenedEnd != nil)),
      ("machine", .string(machineName)),
      ("release", .optional(information.release)),
      ("buildID", .optional(information.buildID)),
      ("crashTime", .optional(information.crashTime)),
      ("memoryBytes", .number(image.frameCount << 12)),
      ("memoryPages", .number(image.frameCount)),
      ("endPage", .number(image.endFrame)),
      ("processors", .number(UInt64(image.processorCount))),
      ("pagingLevels", .optional(image.pagingLevels.map(UInt64.init))),
      ("kernelOffset", .optional(information.kernelOffset)),
      ("information", .optional(originCode)),
      (
        "incomplete",
        .bool(image.format.isMarkedIncomplete || image.format.flattenedEnd == false)
      ),
      ("missingBytes", .number(image.format.missingByteCount)),
    ])
  }

  private var formatText: String {
    let start = image.format.flattenedEnd == nil ? "" : "flattened; "
    return start + layoutText
  }

  private var layoutText: String {
    switch image.format.layout {
    case .elf(let width, let count):
      "ELF core file, \(width == .bits64 ? 64 : 32) bits, \(count) ranges of memory"
    case .compressed(let compression, let level, let isSplit):
      "kdump-compressed, pages \(compression?.rawValue ?? otherCompressionText), dump level \(level)"
        + (isSplit ? ", one of several files" : "")
    }
  }

  private var otherCompressionText: String {
    image.format.unknownCompression == 0
      ? "not compressed"
      : "compressed by method \(hexText(UInt64(image.format.unknownCompression))), which cannot be read"
  }

  /// What the layout is called, and what only one of them has.
  private var layoutFacts:
    (
      format: String, bits: UInt64?, ranges: UInt64?, compression: String?, level: UInt64?,
      isSplit: Bool
    )
  {
    switch image.format.layout {
    case .elf(let width, let count):
      ("elf", width == .bits64 ? 64 : 32, UInt64(count), nil, nil, false)
    case .compressed(let compression, let level, let isSplit):
      ("kdumpCompressed", nil, nil, compression?.rawValue, UInt64(level), isSplit)
    }
  }

  private var machineName: String {
    switch image.machine {
    case ELFLayout.Machine.x86_64: "x86_64"
    case ELFLayout.Machine.arm64: "arm64"
    case ELFLayout.Machine.riscv: "riscv"
    default: "ELF machine \(image.machine)"
    }
  }

  private var originText: String {
    switch image.informationOrigin {
    case .note: "\(image.information.keyCount) keys, in a note"
    case .memory(let place):
      "\(image.information.keyCount) keys, found in memory at \(hexText(place)): no note has it"
    case .nowhere: "none, so almost nothing can be read"
    }
  }

  private var originCode: String? {
    switch image.informationOrigin {
    case .note: "note"
    case .memory: "memory"
    case .nowhere: nil
    }
  }
}

extension DumpFormat {
  /// How much of the file is not there.
  var missingText: String {
    let verb = missingByteCount == 1 ? "is" : "are"
    return switch layout {
    case .elf: "\(byteText(missingByteCount)) \(verb) missing"
    case .compressed: "at least \(byteText(missingByteCount)) \(verb) missing"
    }
  }
}
