internal import LinuxSystem
internal import RunningSystem

/// `kexec status`: says what is loaded.
struct StatusCommand: WordCommand {
  typealias Key = CommonOption

  static let summary = "say what is loaded"

  let common: CommonValues
  let kernel: LinuxKernel

  func run() throws(CommandError) -> ExitCode {
    let state = try tell()
    print(state.text, json: state.json)
    return .success
  }

  /// What is loaded.
  func tell() throws(CommandError) -> KexecState {
    let files = machineFiles
    let state = KexecState(in: files)
    guard state.isLoaded != nil || state.isTold else {
      throw CommandError(
        .stateUnknown, "\(files.root)/sys/kernel is not there: what is loaded cannot be told",
        advice: "mount it: mount -t sysfs sysfs /sys")
    }
    return state
  }
}

extension StatusCommand {
  init(
    _ values: CommonValues, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    try CommandWord.status.expectNone(arguments)
    self.init(common: values, kernel: kernel)
  }
}

extension KexecState {
  var text: String {
    let crash: String
    switch (isCrashLoaded, crashSize) {
    case (nil, _): crash = "not supported by this kernel"
    case (true?, _): crash = "loaded"
    case (false?, let size?) where size > 0:
      crash = "not loaded; \(byteText(size)) are reserved"
    case (false?, _): crash = "not loaded; no memory is reserved (crashkernel= at boot)"
    }
    let normal = isLoaded.map { $0 ? "loaded" : "not loaded" } ?? "not supported by this kernel"
    return "kernel: \(normal)\npanic kernel: \(crash)\n"
  }

  var json: JSON {
    .document([
      ("loaded", isLoaded.map(JSON.bool) ?? .null),
      ("crashLoaded", isCrashLoaded.map(JSON.bool) ?? .null),
      ("crashSize", .optional(crashSize)),
      ("loadDisabled", .bool(isLoadDisabled)),
      ("lockdown", .optional(lockdown)),
    ])
  }
}
