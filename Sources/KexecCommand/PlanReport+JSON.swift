internal import ByteCoding
internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import PhysicalMemory

extension PlanReport {
  /// The plan as JSON; addresses and sizes are plain numbers of bytes. What the file call leaves to the
  /// kernel is null.
  var json: JSON { .document(files + call + placements + remarks) }

  // In parts with their types said: Swift 6.2 gives up on one long expression.

  private var files: [(String, JSON)] {
    [
      ("purpose", .string(plan.purpose == .crash ? "crash" : "reboot")), ("kernel", kernel),
      ("unifiedImage", plan.request.unifiedImage.map(json) ?? .null),
      ("initrds", .array(plan.request.initrds.map(json))),
      ("commandLine", .string(plan.commandLine)),
    ]
  }

  private var call: [(String, JSON)] {
    let names = plan.call.flagNames(flags).map(JSON.string)
    let bestEffort = plan.call.flagNames(bestEffortFlags).map(JSON.string)
    return [
      ("systemCall", .string(plan.call.name)),
      ("reason", .string(plan.reason.text)),
      ("reasonCode", .string(plan.reason.code.rawValue)),
      ("flags", .number(UInt64(flags))),
      ("flagNames", .array(names)),
      ("bestEffortFlagNames", .array(bestEffort)),
    ]
  }

  private var placements: [(String, JSON)] {
    let places: JSON = segments.map { .array($0.segments.map(json)) } ?? .null
    let map: JSON = segments.map { .array($0.memoryMap.entries.map(json)) } ?? .null
    return [
      ("entry", .optional(segments?.entry.value)),
      ("kernelEntry", .optional(segments?.kernelEntry.value)),
      ("virtualShift", .optional(segments?.virtualShift)),
      ("seed", .optional(plan.seed)),
      ("isDrawnAnew", .bool(plan.seed != nil && plan.request.options.seed == nil)),
      ("digest", .optional(segments?.digest.rawValue)),
      ("expectedPeak", .optional(segments?.expectedPeak)),
      ("crashRoom", plan.crashRegionUse.map(json) ?? .null),
      ("segments", places),
      ("memoryMap", map),
    ]
  }

  private var remarks: [(String, JSON)] {
    [
      ("notes", .array(notes.map { .string($0.text) })),
      ("noteCodes", .array(notes.map(json))),
      ("warnings", .array(warnings.map { $0.json })),
      ("errors", .array(errors.map { $0.json })),
    ]
  }

  private var notes: [PlanNote] { plan.notes + laterNotes }

  private var segments: SegmentLoad? {
    if case .segments(let load) = plan.action { load } else { nil }
  }

  private var flags: UInt {
    switch plan.action {
    case .segments(let load): load.flags
    case .file(let load): load.flags
    }
  }

  private var bestEffortFlags: UInt {
    if case .file(let load) = plan.action { load.bestEffortFlags } else { 0 }
  }

  private var kernel: JSON {
    .object([
      ("path", .string(plan.request.kernel.path)),
      ("version", .optional(plan.kernelVersion)),
      // What uname -r says there.
      ("release", .optional(plan.kernelRelease)),
      ("image", .string(plan.imageDescription)),
      ("bytes", .number(UInt64(plan.request.kernel.bytes.count))),
    ])
  }

  private func json(of use: CrashRegionUse) -> JSON {
    .object([
      ("reserved", .number(use.reserved)), ("used", .number(use.used)),
      ("left", .number(use.left)),
    ])
  }

  private func json(of file: LoadRequest.File) -> JSON {
    .object([("path", .string(file.path)), ("bytes", .number(UInt64(file.bytes.count)))])
  }

  private func json(of note: PlanNote) -> JSON {
    .object([
      ("code", .string(note.code.rawValue)), ("reasonCode", .optional(note.reasonCode)),
      ("text", .string(note.text)), ("warning", .bool(note.isWarning)),
    ])
  }

  private func json(of segment: PlannedSegment) -> JSON {
    .object([
      ("role", .string(segment.role.code)),
      ("start", .number(segment.destination.start.value)),
      ("size", .number(segment.destination.byteCount)),
      ("bytes", .number(UInt64(segment.bytes.count))),
    ])
  }

  private func json(of entry: MemoryMap.Entry) -> JSON {
    .object([
      ("start", .number(entry.range.start.value)), ("size", .number(entry.range.byteCount)),
      ("type", .number(UInt64(entry.kind.e820Type))),
    ])
  }

  private func json(of image: UnifiedKernelImage) -> JSON {
    .object([
      ("system", .optional(image.systemName)),
      ("release", .optional(image.release)),
      ("profiles", .number(UInt64(image.profileCount))),
      (
        "sections",
        .array(
          image.sections.map {
            .object([
              ("name", .string($0.kind.rawValue)), ("bytes", .number(UInt64($0.bytes.count))),
            ])
          })
      ),
    ])
  }
}

extension PlannedSegment.Role {
  /// What programs match; codes are never renamed.
  fileprivate var code: String {
    switch self {
    case .bootBlock: "boot parameters"
    case .workspace: "next kernel's own memory"
    case .coreHeader: "dump header"
    default: text
    }
  }
}
