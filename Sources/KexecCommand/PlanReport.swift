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
  /// What a dry run has found on the machine; nil for a load.
  var readiness: LoadReadiness?

  private var request: LoadRequest { plan.request }
}

extension PlanReport {
  /// Where the values of rows begin.
  private static let column = 12

  /// The plan as text: what would be loaded and how, what is to be said of it, and then where it goes.
  /// `isDetailed` adds what only a few want to know.
  func text(on terminal: Terminal = .none, isDetailed: Bool = false) -> String {
    func row(_ name: String, _ value: String, _ style: TextStyle? = nil) -> String {
      terminal.row("  " + name, value, column: Self.column, style)
    }
    var text = readiness.map { $0.headline(of: plan, on: terminal) } ?? ""
    let pairs = files(isDetailed) + (isDetailed ? details : [])
    let facts = readiness.map { [$0.memory(of: plan), $0.permission(for: plan.purpose)] } ?? []
    // What stands behind the values has a column of its own, unless a value is long.
    let second = (pairs + facts).map { $0.second == nil ? 0 : $0.value.count }.filter { $0 <= 44 }
    func show(_ fact: PlanFact) {
      let value = fact.second == nil ? fact.value : fact.value.padded(to: (second.max() ?? 0) + 2)
      let last = fact.second ?? ""
      let gap = fact.second == nil || value.hasSuffix("  ") ? "" : "  "
      text += row(fact.name, value + gap + (fact.style.map { terminal.styled(last, $0) } ?? last))
    }
    pairs.forEach(show)
    text += row("cmdline", plan.commandLine.isEmpty ? "(empty)" : plan.commandLine)
    if let use = plan.crashRegionUse {
      text += row(
        "reserved",
        "takes \(byteText(use.used)) of \(byteText(use.reserved)), \(byteText(use.left)) are left")
    }
    text += row("method", method(isDetailed))
    facts.forEach(show)
    for note in plan.notes where isDetailed || !note.isInRows {
      text += note.isWarning ? row("warning", note.text, .warning) : row("note", note.text)
    }
    if isDetailed, plan.isLinux, !request.options.hasEarlyOutput {
      text += row(
        "note", "if it hangs: --early-output shows what the kernel says before its consoles")
    }
    switch plan.action {
    case .file: text += row("address", "chosen by the running kernel")
    case .segments(let load):
      text += SegmentTable(load, isDetailed: isDetailed).text(origin: addressOrigin)
    }
    return text
  }

  private func files(_ isDetailed: Bool) -> [PlanFact] {
    // "bzImage64, boot protocol 2.15": the first of it.
    let type = plan.imageDescription.prefix { $0 != "," }
    var rows = [
      PlanFact("kernel", plan.kernelRelease ?? "unnamed", "\(request.kernel.path) (\(type))")
    ]
    if let unified = request.unifiedImage { rows += self.rows(of: unified) }
    for (index, initrd) in request.initrds.enumerated() {
      let size = byteText(UInt64(initrd.bytes.count))
      let isUnpacked = plan.notes.contains(.initrdUnpacked(index))
      rows.append(PlanFact("initrd", initrd.path, size + (isUnpacked ? ", unpacked now" : "")))
    }
    return rows
  }

  private func rows(of image: UnifiedKernelImage) -> [PlanFact] {
    let parts = image.sections.map {
      "\($0.kind.rawValue) \(byteText(UInt64($0.bytes.count)))"
    }
    var rows = [PlanFact("unified", parts.joined(separator: ", "))]
    if let name = image.systemName { rows.append(PlanFact("system", name)) }
    if let release = image.release { rows.append(PlanFact("release", release)) }
    return rows
  }

  private var details: [PlanFact] {
    var rows = [
      PlanFact("version", plan.kernelVersion ?? "unnamed"),
      PlanFact("image", plan.imageDescription),
    ]
    guard case .segments(let load) = plan.action else { return rows }
    rows.append(
      PlanFact("entry", "\(load.entry) (purgatory), then \(load.kernelEntry) (kernel)"))
    if let seed = plan.seed {
      rows.append(
        PlanFact(
          "seed",
          request.options.seed != nil
            ? "--seed=\(seed), from which the addresses are drawn"
            : "--seed=\(seed) repeats these random addresses"))
    }
    rows.append(PlanFact("peak", "\(byteText(load.expectedPeak)) of memory while loading"))
    rows.append(PlanFact("check", load.digest.text(over: load.checkedByteCount)))
    return rows
  }

  private func method(_ isDetailed: Bool) -> String {
    let isUnpacked = plan.notes.contains { if case .unpacked = $0 { true } else { false } }
    let isSaid = if case .jumpsFaster = plan.reason { isUnpacked && !isDetailed } else { false }
    let reason = isSaid ? "" : ", \(plan.reason.text)"
    return plan.call.name + reason
      + (isUnpacked ? "\(isSaid ? "," : ";") unpacked now: fast jump" : "")
  }

  /// Where the addresses come from.
  private var addressOrigin: String {
    guard let seed = plan.seed else { return "" }
    return request.options.seed == nil ? "(random at each load)" : "(drawn from --seed=\(seed))"
  }
}

/// A row of a plan.
struct PlanFact {
  let name: String
  let value: String
  /// What stands behind the value.
  let second: String?
  /// How that looks.
  let style: TextStyle?

  init(_ name: String, _ value: String, _ second: String? = nil, _ style: TextStyle? = nil) {
    (self.name, self.value, self.second, self.style) = (name, value, second, style)
  }
}

extension PlanNote {
  /// Whether rows of the plan say the same in fewer words.
  fileprivate var isInRows: Bool {
    switch self {
    case .unpacked, .initrdUnpacked: true
    default: false
    }
  }
}

extension SegmentLoad {
  /// Bytes that the purgatory checks.
  fileprivate var checkedByteCount: UInt64 {
    segments.reduce(0) { $1.isChecked ? $0 + UInt64($1.bytes.count) : $0 }
  }
}
