internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import LinuxSystem
internal import RunningSystem

/// `kexec dump`: reads the memory of a crashed kernel.
struct DumpCommand: WordCommand {
  typealias Key = DumpOption

  static let summary = "read the dump of a crashed kernel"

  let values: DumpValues
  let subject: DumpSubject
  /// The dump as the user gave it.
  let source: String
  let kernel: LinuxKernel

  var common: CommonValues { values.common }

  func run() throws(CommandError) -> ExitCode {
    // What is mapped cannot be read any more when another process cuts the file short, or when its disk fails.
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(source)): the file became shorter or unreadable while it was read\n")
    switch subject {
    case .info:
      let report = DumpInfoReport(try openImage(), path: source)
      try print(report.text(on: kernel.outputTerminal), json: report.json)
    case .classes:
      let image = try openImage()
      avoidBadMemory(of: image)
      let report = DumpClassesReport(image, try classify(image, values.level ?? .all))
      try requireWhole(image)
      try print(report.text(on: kernel.outputTerminal), json: report.json)
    case .log: try printLog()
    case .report: return try printReport()
    }
    return .success
  }

  /// The dump.
  func openImage() throws(CommandError) -> CrashImage {
    debug("reading the headers of \(source)")
    let file: RandomAccessFile
    do throws(FileError) {
      file = try RandomAccessFile(path: source)
    } catch {
      guard error.reason == .notRegular else { throw CommandError(error) }
      throw CommandError(
        .file(error.reason),
        "\(quoted(source)): it is neither a file nor a block device, which a dump must be in")
    }
    do throws(CrashImageError) {
      let image = try CrashImage(file)
      warnOfMissingBytes(in: image)
      return image
    } catch {
      throw CommandError(error, path: source)
    }
  }

  /// Says that the file of `image` ends too early; `info` has a row for that.
  func warnOfMissingBytes(in image: CrashImage) {
    guard subject != .info else { return }
    if image.format.missingByteCount > 0 {
      warn("\(quoted(source)): the file was cut short: \(image.format.missingText)")
    } else if image.format.flattenedEnd == false {
      warn("\(quoted(source)): the flattened file has no end: it was cut short")
    }
  }

  /// What was read of a file that another process has cut short meanwhile is not said.
  func requireWhole(_ image: CrashImage) throws(CommandError) {
    guard image.isCutShort else { return }
    throw CommandError(
      .fileChanged, "\(quoted(source)): the file became shorter while it was read",
      advice: "read it again when no process writes to it")
  }

  /// The classes of all pages in `image`.
  func classify(
    _ image: CrashImage, _ level: DumpLevel
  ) throws(CommandError) -> Classification {
    debug("reading the memory map for dump level \(level.rawValue)")
    do throws(CrashImageError) {
      return try Classification(image, level: level)
    } catch {
      throw CommandError(error, path: source)
    }
  }

  /// Reading a page that a machine check has named as bad may stop the processor again. A log that cannot be read
  /// names none.
  private func avoidBadMemory(of image: CrashImage) {
    do throws(CrashLogError) {
      image.avoid(CrashHeadline(try CrashLog(image)).badFrames)
    } catch {
      debug("\(quoted(source)): the log cannot be read")
    }
  }

  /// The log in `image`. Says what of it is damaged.
  func readLog(of image: CrashImage) throws(CommandError) -> CrashLog {
    do throws(CrashLogError) {
      let log = try CrashLog(image)
      debug("the log has \(log.records.count) records")
      if let text = log.damage.text { warn("\(quoted(source)): \(text)") }
      return log
    } catch {
      throw CommandError(error, path: source)
    }
  }
}

/// What `kexec dump` says of a dump: the word behind it.
enum DumpSubject: String, CaseIterable {
  case info, classes, log, report

  /// The words.
  static func list(separator: String) -> String {
    allCases.map { $0.rawValue }.joined(separator: separator)
  }
}

extension DumpCommand {
  init(
    _ values: DumpValues, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    let name = CommandWord.dump.name
    let names = DumpSubject.list(separator: ", ")
    guard let word = arguments.first, let subject = DumpSubject(rawValue: word) else {
      throw .usage(
        arguments.first.map { "dump: \(quoted($0)) is none of \(names)" }
          ?? "dump needs to know what to print: one of \(names)", of: name)
    }
    guard arguments.count <= 2 else {
      throw .usage(
        "dump \(word) takes one dump, but \(quoted(arguments[2])) was given, too", of: name)
    }
    guard values.level == nil || subject == .classes else {
      throw .usage("--level is only for dump classes", of: name)
    }
    if subject != .log, let option = values.logOption {
      throw .usage("\(option) is only for dump log", of: name)
    }
    let root = values.common.machineDirectory ?? kernel.files.root
    self.init(
      values: values, subject: subject,
      source: arguments.count > 1 ? arguments[1] : root + "/proc/vmcore", kernel: kernel)
  }
}
