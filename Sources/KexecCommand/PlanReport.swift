internal import KexecABI
internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import PhysicalMemory

/// A plan for people and for programs.
struct PlanReport {
  let plan: LoadPlan
  /// What came up when it was carried out.
  var laterNotes: [PlanNote] = []
  /// Why there is no plan for the other call, if that was tried first.
  var warnings: [CommandError] = []
  /// What stops the load of it, or would.
  var errors: [CommandError] = []

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
    let callRow = lines.count
    lines.append(row("system call", "\(plan.call.name), \(plan.reason.text)"))
    switch plan.action {
    case .file:
      lines.append(row("places", "chosen by the running kernel"))
    case .segments(let load):
      lines.append(
        row("entry", "\(load.entry) (purgatory), then \(load.kernelEntry) (kernel)"))
      if let seed = plan.seed {
        let isAsked = request.options.seed != nil
        lines.append(
          row(
            "addresses",
            isAsked
              ? "drawn from --seed=\(seed)"
              : "drawn at random, anew by each load: --seed=\(seed) repeats these"))
      }
      lines.append(row("peak memory", "\(byteText(load.expectedPeak)) while loading"))
      lines.append(row("check", load.digest.text(over: load.checkedByteCount)))
      lines += [""] + picture(of: load)
    }
    if let use = plan.crashRegionUse {
      lines.insert(
        row(
          "reserved",
          "\(byteText(use.reserved)): it takes \(byteText(use.used)), \(byteText(use.left)) are left"
        ),
        at: callRow)
    }
    let notes = plan.notes.map { row("note", $0.text) }
    lines += notes.prefix(1).map { _ in "" } + notes
    if plan.isLinux, !request.options.hasEarlyOutput {
      lines += [
        "", row("if it hangs", "--early-output shows what the kernel says before its consoles"),
      ]
    }
    return lines.joined(separator: "\n") + "\n"
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
      PhysicalRangeSet(load.segments.map { $0.destination }))
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
    let space = segment.destination.byteCount
    return "\(segment.role.text), \(byteText(UInt64(segment.bytes.count))) in \(byteText(space))"
  }
}

extension SegmentLoad {
  /// Bytes that the purgatory checks.
  fileprivate var checkedByteCount: UInt64 {
    segments.reduce(0) { $1.isChecked ? $0 + UInt64($1.bytes.count) : $0 }
  }
}
