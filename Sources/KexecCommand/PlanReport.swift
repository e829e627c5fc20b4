internal import KexecABI
internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import PhysicalMemory

/// A plan for people and for programs.
struct PlanReport {
  let plan: LoadPlan

  private var request: LoadRequest { plan.request }
}

extension PlanReport {
  /// The plan as text, a fact a line, and then a picture of memory.
  var text: String {
    var lines = [
      row("kernel", "\(request.kernel.path): \(plan.kernelVersion ?? "unnamed")"),
      row("image", plan.imageDescription),
    ]
    if let unified = request.unifiedImage { lines += rows(of: unified) }
    lines += request.initrds.map {
      row("initrd", "\($0.path), \(byteText(UInt64($0.bytes.count)))")
    }
    lines.append(row("command line", plan.commandLine.isEmpty ? "(empty)" : plan.commandLine))
    lines.append(row("system call", "\(plan.call.name), \(plan.reason.text)"))
    switch plan.action {
    case .file:
      lines.append(row("places", "chosen by the running kernel"))
    case .segments(let load):
      lines.append(
        row("entry", "\(load.entry) (purgatory), then \(load.kernelEntry) (kernel)"))
      lines.append(row("peak memory", "\(byteText(load.expectedPeak)) while loading"))
      lines.append(row("check", load.digest.text(over: load.checkedByteCount)))
      lines += [""] + picture(of: load)
    }
    let notes = plan.notes.map { row("note", $0.text) }
    return (lines + notes.prefix(1).map { _ in "" } + notes).joined(separator: "\n") + "\n"
  }

  private func row(_ name: String, _ value: String) -> String {
    name + String(repeating: " ", count: 14 - name.count) + value
  }

  private func rows(of image: UnifiedKernelImage) -> [String] {
    let parts = image.sections.map {
      "\($0.kind.rawValue) \(byteText(UInt64($0.bytes.count)))"
    }
    var rows = [row("unified from", parts.joined(separator: ", "))]
    if let name = image.systemName { rows.append(row("system", name)) }
    if let release = image.release { rows.append(row("release", release)) }
    return rows
  }

  /// RAM with the segments in it, highest address first.
  private func picture(of load: SegmentLoad) -> [String] {
    var lines = ["memory, highest address first"]
    // A dump's header is no RAM for the next kernel.
    let ram = load.memoryMap.ranges(of: .ram).union(
      PhysicalRangeSet(load.segments.map(\.destination)))
    for range in ram.ranges.reversed() {
      let inside = load.segments.filter { range.contains($0.destination) }
      if inside.isEmpty {
        lines.append("  \(column(range.start))  ░ RAM, \(byteText(range.byteCount))")
        continue
      }
      var top = range.end
      for segment in inside.reversed() {
        let gap = top.distance(from: segment.destination.end)
        if gap > 0 {
          lines.append("  \(column(segment.destination.end))  ░ free, \(byteText(gap))")
        }
        lines.append("  \(column(segment.destination.start))  █ \(label(segment))")
        top = segment.destination.start
      }
      if top > range.start {
        let gap = top.distance(from: range.start)
        lines.append("  \(column(range.start))  ░ free, \(byteText(gap))")
      }
    }
    return lines
  }

  private func column(_ address: PhysicalAddress) -> String {
    let text = address.description
    return String(repeating: " ", count: max(0, 14 - text.count)) + text
  }

  private func label(_ segment: PlannedSegment) -> String {
    let room = segment.destination.byteCount
    return "\(segment.role.text), \(byteText(UInt64(segment.bytes.count))) in \(byteText(room))"
  }
}

extension PlanReport {
  /// The plan as JSON; addresses and sizes are plain numbers of bytes.
  var json: JSON {
    var members: [(String, JSON)] = [
      ("purpose", .string(plan.purpose == .crash ? "crash" : "reboot")),
      (
        "kernel",
        .object([
          ("path", .string(request.kernel.path)),
          ("version", plan.kernelVersion.map(JSON.string) ?? .null),
          ("image", .string(plan.imageDescription)),
          ("bytes", .number(UInt64(request.kernel.bytes.count))),
        ])
      ),
      ("unifiedImage", request.unifiedImage.map(json) ?? .null),
      (
        "initrds",
        .array(
          request.initrds.map {
            .object([
              ("path", .string($0.path)), ("bytes", .number(UInt64($0.bytes.count))),
            ])
          })
      ),
      ("commandLine", .string(plan.commandLine)),
      ("systemCall", .string(plan.call.name)),
      ("reason", .string(plan.reason.text)),
    ]
    switch plan.action {
    case .file(let load): members.append(("flags", .number(UInt64(load.flags))))
    case .segments(let load): members += json(of: load)
    }
    members.append(("notes", .array(plan.notes.map { .string($0.text) })))
    return .object(members)
  }

  private func json(of image: UnifiedKernelImage) -> JSON {
    .object([
      ("system", image.systemName.map(JSON.string) ?? .null),
      ("release", image.release.map(JSON.string) ?? .null),
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

  private func json(of load: SegmentLoad) -> [(String, JSON)] {
    [
      ("flags", .number(UInt64(load.flags))),
      ("entry", .number(load.entry.value)),
      ("kernelEntry", .number(load.kernelEntry.value)),
      ("virtualShift", load.virtualShift.map(JSON.number) ?? .null),
      ("digest", .string(load.digest.rawValue)),
      ("expectedPeak", .number(load.expectedPeak)),
      (
        "segments",
        .array(
          load.segments.map {
            .object([
              ("role", .string($0.role.text)),
              ("start", .number($0.destination.start.value)),
              ("size", .number($0.destination.byteCount)),
              ("bytes", .number(UInt64($0.bytes.count))),
            ])
          })
      ),
      (
        "memoryMap",
        .array(
          load.memoryMap.entries.map {
            .object([
              ("start", .number($0.range.start.value)),
              ("size", .number($0.range.byteCount)),
              ("type", .number(UInt64($0.kind.e820Type))),
            ])
          })
      ),
    ]
  }
}

extension SegmentLoad {
  /// Bytes that the purgatory checks.
  fileprivate var checkedByteCount: UInt64 {
    segments.reduce(0) { $1.isChecked ? $0 + UInt64($1.bytes.count) : $0 }
  }
}
