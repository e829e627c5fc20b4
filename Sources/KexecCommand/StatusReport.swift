internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

/// What is loaded, for people and for programs. Scripts read the first two lines.
struct StatusReport {
  let state: KexecState
  /// What was written down of what is loaded.
  let records: LoadRecords
  /// Where memory is reserved for a crash kernel; nil where only root is told.
  let crashRegions: [PhysicalRange]?
  /// What the running kernel hands to the next one; nil where nothing tells that it does.
  let handover: KexecHandover?

  init(_ state: KexecState, in files: FileTree) {
    self.state = state
    records = LoadRecords(files: files)
    handover = KexecCommand.handover(in: files)
    let memory = IOMemory(in: files)
    crashRegions = memory.isHidden || memory.resources.isEmpty ? nil : memory.crashRegions
  }

  func text(on terminal: Terminal) -> String {
    let isLoaded = state.isLoaded.map { $0 ? "loaded" : "not loaded" } ?? unsupported(.reboot)
    func start(_ name: String, _ isLoaded: Bool?) -> String {
      isLoaded == true ? terminal.styled(name, .heading) : name
    }
    var lines = [
      start("kernel:", state.isLoaded) + " \(isLoaded)",
      start("crash kernel:", state.isCrashLoaded) + " \(crashText)",
    ]
    for (purpose, path) in LoadRecords.paths where state.isLoaded(for: purpose) == true {
      lines += text(of: records.find(purpose), "loaded \(purpose.imageName)", path)
    }
    if state.isCrashLoaded != nil {
      let places = (crashRegions ?? []).map { " \($0)" }.joined(separator: ",")
      lines.append(
        "reserved for a crash kernel: "
          + (state.crashSize.map { byteText($0) + (places.isEmpty ? "" : " at\(places)") }
            ?? "unknown"))
    }
    lines += handover?.lines ?? []
    if state.isLoaded != nil || state.isCrashLoaded != nil {
      lines.append("loading: \(loadingText)")
    }
    return lines.map {
      terminal.wrapped($0 + "\n", indent: $0.hasPrefix("  ") ? 16 : 2)
    }.joined()
  }

  var json: JSON {
    .document([
      ("loaded", state.isLoaded.map(JSON.bool) ?? .null),
      ("crashLoaded", state.isCrashLoaded.map(JSON.bool) ?? .null),
      ("crashSize", .optional(state.crashSize)),
      ("loadDisabled", state.loadDisabled.map(JSON.bool) ?? .null),
      ("lockdown", .optional(state.lockdown)),
      (
        "crashRegions",
        crashRegions.map { regions in
          .array(
            regions.map {
              .object([("start", .number($0.start.value)), ("size", .number($0.byteCount))])
            })
        } ?? .null
      ),
      ("loadLimit", .optional(state.loadLimit.map(UInt64.init))),
      ("crashLoadLimit", .optional(state.crashLoadLimit.map(UInt64.init))),
      ("handover", handover?.json ?? .null),
      ("loadedKernel", json(of: .reboot)), ("loadedCrashKernel", json(of: .crash)),
    ])
  }

  private func unsupported(_ purpose: LoadOptions.Purpose) -> String {
    "not supported: \(state.missingConfiguration(for: purpose))"
  }

  private var crashText: String {
    switch (state.isCrashLoaded, state.crashSize) {
    case (nil, _): unsupported(.crash)
    case (true?, _): "loaded"
    case (false?, let size?) where size > 0: "not loaded; \(byteText(size)) are reserved"
    case (false?, 0?): "not loaded; no memory is reserved (crashkernel= at boot)"
    case (false?, _): "not loaded; whether memory is reserved is unknown"
    }
  }

  private var loadingText: String {
    guard let isDisabled = state.loadDisabled else {
      return "unknown: /proc/sys/kernel/kexec_load_disabled cannot be read"
    }
    if isDisabled { return "switched off until the next boot (kernel.kexec_load_disabled is 1)" }
    var limits: [String] = []
    if let limit = state.loadLimit {
      limits.append("\(limit) more loads of a kernel (kernel.kexec_load_limit_reboot)")
    }
    if let limit = state.crashLoadLimit {
      limits.append("\(limit) more loads of a crash kernel (kernel.kexec_load_limit_panic)")
    }
    if let level = state.lockdown { limits.append("signed kernels only (lockdown: \(level))") }
    if records.files.names(in: "/sys/kernel/security")?.isEmpty == true {
      limits.append("unknown whether only signed kernels (securityfs is not mounted)")
    }
    return (["allowed"] + limits).joined(separator: "; ")
  }

  private func text(
    of finding: LoadRecords.Finding, _ name: String, _ path: String
  ) -> [String] {
    guard case .record(let record) = finding else {
      return ["\(name): unknown: \(finding.reason(path))"]
    }
    func row(_ name: String, _ value: String) -> String {
      ("  " + name).padded(to: 16) + value
    }
    return [
      "\(name): recorded by kexec at \(timeText(record.time)); another program may have replaced it",
      row("release", record.release ?? "unknown"), row("file", record.kernel),
    ] + record.initrds.map { row("initrd", $0) } + [
      row("command line", record.commandLine.isEmpty ? "(empty)" : record.commandLine),
      row("system call", record.call.name),
    ]
  }

  /// What is known of what is loaded for `purpose`; null when nothing is.
  private func json(of purpose: LoadOptions.Purpose) -> JSON {
    guard state.isLoaded(for: purpose) == true else { return .null }
    let finding = records.find(purpose)
    let record = if case .record(let record) = finding { record } else { LoadRecord?.none }
    return .object([
      ("unknown", .optional(record == nil ? finding.reason(LoadRecords.path(of: purpose)) : nil)),
      ("loadedAt", .optional(record.map { timeText($0.time) })),
      ("systemCall", .optional(record?.call.name)), ("release", .optional(record?.release)),
      ("path", .optional(record?.kernel)),
      ("initrds", record.map { .array($0.initrds.map(JSON.string)) } ?? .null),
      ("commandLine", .optional(record?.commandLine)),
    ])
  }
}

extension LoadRecords.Finding {
  /// Why nothing is known of what is loaded.
  fileprivate func reason(_ path: String) -> String {
    switch self {
    case .record, .none:
      "there is no record of it, \(path): another program has loaded it, or /run cannot be written"
    case .unreadable: "only root may read the record of it, \(path)"
    case .otherVersion(let version):
      "\(path) has format \(version), and this program knows \(LoadRecord.version)"
    }
  }
}

extension LoadRecord {
  /// What the kernel is, in few words.
  var name: String { release.map { "\($0) (\(kernel))" } ?? kernel }
}

extension Caller {
  /// Who it is, for the kernel's log.
  var text: String {
    [
      user.map { "by user \($0)" } ?? "by an unknown user", login.map { "logged in as \($0)" },
      sudoer.map { "by sudo of \($0)" }, parent.map { "called by \($0)" },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}

/// A moment, in seconds since 1970, as in "2026-11-27T11:20:38Z". Documented in RFC 3339.
func timeText(_ seconds: UInt64) -> String {
  func padded(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
  // Days are counted from the first of March of the year 0, in eras of 400 years.
  let days = seconds / 86400 + 719_468
  let day = days % 146_097
  let yearOfEra = (day - day / 1460 + day / 36524 - day / 146_096) / 365
  let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  let year = days / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  let date = "\(year)-\(padded(month))-\(padded(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))"
  let second = seconds % 86400
  return date + "T\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))Z"
}
