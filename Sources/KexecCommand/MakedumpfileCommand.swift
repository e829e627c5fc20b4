internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

/// The program called as `makedumpfile`: takes the arguments of that program, and does what they ask for with what
/// `kexec dump` is made of.
struct MakedumpfileCommand: CommandContext {
  let invocation: MakedumpfileInvocation
  let kernel: LinuxKernel

  var values: MakedumpfileValues { invocation.values }

  var common: CommonValues {
    var common = CommonValues()
    common.isQuiet = !values.messages.contains(.progress)
    common.isDebugging = values.messages.contains(.debug)
    return common
  }

  /// Runs the program with `arguments`, the first of which is its name.
  ///
  /// - Returns: makedumpfile's exit codes: 0 when there is a whole dump, even if it is not all that was asked for, and 1.
  static func run(_ arguments: [String], on kernel: LinuxKernel) -> ExitCode {
    let invocation: MakedumpfileInvocation
    do throws(CommandError) {
      invocation = try MakedumpfileInvocation(arguments)
    } catch {
      _ = kernel.report(error, asJSON: false)
      return .usage
    }
    let command = MakedumpfileCommand(invocation: invocation, kernel: kernel)
    let exit = command.reportingErrors { () throws(CommandError) in
      do throws(CommandError) {
        return try command.run()
      } catch {
        throw error.code == .file(.exists)
          ? error.advising("give another name, or -f to replace it when the new one is complete")
          : error
      }
    }
    guard exit != .success else { return .success }
    command.say("\nmakedumpfile Failed.\n")
    return .usage
  }

  private func run() throws(CommandError) -> ExitCode {
    switch invocation.action {
    case .help: try kernel.write(makedumpfileHelp(on: kernel.outputTerminal))
    case .version: try kernel.write(Self.version)
    case .check: break
    case .tellMemoryUsage(let source): try tellMemoryUsage(source)
    case .rearrange(let target): try rearrange(target)
    case .saveLog(let source, let target): try saveLog(source, target)
    case .save(let source, let target):
      if values.isDryRun { try tryToSave(source, target) } else { try save(source, target) }
    }
    return .success
  }

  /// Scripts read the number behind "version", and which compressions there are.
  static let version = """
    makedumpfile: version 1.7.8 (its options, in kexec \(productVersion))
    lzo\tdisabled
    snappy\tdisabled
    zstd\tenabled

    """

  // MARK: - Messages

  /// Prints a message of the kind `kind`, if that is wanted: beside a dump on the standard output on the other stream.
  func say(_ text: String, _ kind: MakedumpfileMessages = .common) {
    guard values.messages.isSuperset(of: kind) else { return }
    if values.isFlattened {
      kernel.streams.writeError(text)
    } else {
      // A message that cannot be written is no reason to give up a dump.
      _ = kernel.streams.writeOutput(text)
    }
  }

  /// Says that all is done, as scripts look for it.
  func sayCompleted(_ what: String, _ target: String) {
    let name = target == MakedumpfileInvocation.standardOutput ? "STDOUT" : target
    say("\nThe \(what) is saved to \(name).\n\nmakedumpfile Completed.\n")
  }

  /// Says with -D what the dump tells of its kernel: scripts look for OSRELEASE and CRASHTIME.
  func sayInformation(of image: CrashImage) {
    guard values.messages.contains(.debug) else { return }
    for name in values.ignored { debug("\(name) is not needed") }
    var text = ""
    if case .compressed(_, let level, _) = image.format.layout {
      text += "  dump_level       : \(level)\n"
    }
    for line in image.information.text.split(separator: 0x0A) {
      text += "  \(String(lossless: line))\n"
    }
    say(text, .debug)
  }

  // MARK: - Actions

  /// `--mem-usage`
  private func tellMemoryUsage(_ source: String) throws(CommandError) {
    let image = try openDump(source)
    sayInformation(of: image)
    // A dump of this system would not have the memory of the crash kernel.
    var reserved: [UInt64] = []
    let isRunning = source.hasSuffix("/proc/kcore")
    for region in isRunning ? IOMemory(in: kernel.files).crashRegions : [] {
      reserved += region.start.value >> 12..<region.end.value >> 12
    }
    image.avoid(reserved)
    let classification = try classify(image, .all, path: source)
    warnOfFindings(classification, source)
    try kernel.write(
      MakedumpfileReport.memoryUsage(classification, reserved: UInt64(reserved.count)))
  }

  /// Says why pages are kept that the level would leave out.
  func warnOfFindings(_ classification: Classification, _ source: String) {
    for finding in classification.findings { warn("\(quoted(source)): \(finding.text)") }
  }
}
