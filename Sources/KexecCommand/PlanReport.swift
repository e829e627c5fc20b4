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
  /// The plan as text: what would be loaded and how, what is to be said of it, and then where it goes.
  /// If `isDetailed`, it has what only a few want to know, too. `readiness` is what a dry run has found on
  /// the machine; nil for a load.
  func text(
    on terminal: Terminal = .none, isDetailed: Bool = false, readiness: LoadReadiness? = nil
  ) -> String {
    let page = TextPage(on: terminal, column: 12)
    readiness?.addHeadline(to: page, isCrash: plan.purpose == .crash)
    addFiles(to: page)
    if isDetailed { addDetails(to: page) }
    page.addRow("cmdline", plan.commandLine.isEmpty ? "(empty)" : plan.commandLine)
    if let use = plan.crashRegionUse {
      page.addRow(
        "reserved",
        "takes " + byteText(use.used) + " of " + byteText(use.reserved) + ", " + byteText(use.left)
          + " are left")
    }
    addMethod(to: page, isDetailed: isDetailed)
    readiness?.addFacts(of: plan, to: page)
    for note in plan.notes where isDetailed || !note.isInRows {
      let isWarning = note.isWarning
      page.addRow(
        isWarning ? "warning" : "note", note.text, style: isWarning ? .warning : nil)
    }
    if isDetailed, plan.isLinux, !request.options.hasEarlyOutput {
      page.addRow(
        "note", "if it hangs: --early-output shows what the kernel says before its consoles")
    }
    switch plan.action {
    case .file: page.addRow("address", "chosen by the running kernel")
    case .segments(let load):
      let seed = plan.seed.map { _ in
        request.options.seed == nil ? "(random at each load)" : "(drawn from --seed)"
      }
      page.addSegments(of: load, origin: seed, isDetailed: isDetailed)
    }
    return page.text
  }

  private func addFiles(to page: TextPage) {
    // "bzImage64, boot protocol 2.15": the first of it.
    let type = plan.imageDescription.prefix { $0 != "," }
    page.addRow(
      "kernel", plan.kernelRelease ?? "unnamed", request.kernel.path + " (" + type + ")")
    if let image = request.unifiedImage {
      let parts = image.sections.map {
        $0.kind.rawValue + " " + byteText(UInt64($0.bytes.count))
      }
      page.addRow("unified", parts.joined(separator: ", "))
      if let name = image.systemName { page.addRow("system", name) }
      if let release = image.release { page.addRow("release", release) }
    }
    for (index, initrd) in request.initrds.enumerated() {
      let isUnpacked = plan.notes.contains {
        if case .initrdUnpacked(index) = $0 { true } else { false }
      }
      page.addRow(
        "initrd", initrd.path,
        byteText(UInt64(initrd.bytes.count)) + (isUnpacked ? ", unpacked now" : ""))
    }
  }

  private func addDetails(to page: TextPage) {
    if let version = plan.kernelVersion { page.addRow("version", version) }
    page.addRow("image", plan.imageDescription)
    guard case .segments(let load) = plan.action else { return }
    page.addRow(
      "entry",
      load.entry.description + " (purgatory), then " + load.kernelEntry.description + " (kernel)")
    if let seed = plan.seed {
      page.addRow("seed", "--seed=\(seed) gives the same addresses")
    }
    page.addRow("peak", byteText(load.expectedPeak) + " while loading")
    page.addRow("check", load.digest.text(over: load.checkedByteCount))
  }

  private func addMethod(to page: TextPage, isDetailed: Bool) {
    let isUnpacked = plan.notes.contains { if case .unpacked = $0 { true } else { false } }
    var text = plan.call.name
    // Then both say the same.
    if !isUnpacked || isDetailed || plan.reason.code != .jumpsFaster {
      text += ", " + plan.reason.text
    }
    page.addRow("method", isUnpacked ? text + ", unpacked now: fast jump" : text)
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
