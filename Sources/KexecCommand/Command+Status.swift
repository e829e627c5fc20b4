internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Says what is loaded.
  ///
  /// - Returns: 1 when an image for `purpose` is loaded, else 0: the peer's exit codes.
  func status(_ purpose: LoadOptions.Purpose) throws(CommandError) -> ExitCode {
    let files = machineFiles
    let state = KexecState(in: files)
    guard state.isLoaded != nil || state.isTold else {
      throw CommandError(
        "\(files.root)/sys/kernel is not there: what is loaded cannot be told",
        advice: "mount it: mount -t sysfs sysfs /sys")
    }
    if !invocation.isQuiet {
      kernel.streams.writeOutput(
        invocation.printsJSON ? state.json.text : state.statusText)
    }
    let isLoaded = purpose == .crash ? state.isCrashLoaded : state.isLoaded
    return isLoaded == true ? .usage : .success
  }

  /// Prints the bytes that are reserved for a panic kernel, 0 without any, as the peer does.
  func printCrashSize() -> ExitCode {
    let machine = readMachine()
    let regions = machine.ioMemory.crashRegions.reduce(0) { $0 + $1.byteCount }
    kernel.streams.writeOutput("\(machine.kexec.crashSize ?? regions)\n")
    return .success
  }
}

extension KexecState {
  fileprivate var statusText: String {
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

  fileprivate var json: JSON {
    .object([
      ("loaded", isLoaded.map(JSON.bool) ?? .null),
      ("crashLoaded", isCrashLoaded.map(JSON.bool) ?? .null),
      ("crashSize", crashSize.map(JSON.number) ?? .null),
      ("loadDisabled", .bool(isLoadDisabled)),
      ("lockdown", lockdown.map(JSON.string) ?? .null),
    ])
  }
}
