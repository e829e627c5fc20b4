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
    switch subject {
    case .log: try printLog()
    case .report: try printReport()
    }
    return .success
  }

  /// The dump.
  func openImage() throws(CommandError) -> CrashImage {
    let file: RandomAccessFile
    do throws(FileError) {
      file = try RandomAccessFile(path: source)
    } catch {
      throw CommandError(error)
    }
    do throws(CrashImageError) {
      return try CrashImage(file)
    } catch {
      throw CommandError(error, path: source)
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
  case log, report

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
    guard let word = arguments.first else {
      throw .usage("say what to read: \(DumpSubject.list(separator: ", "))", of: name)
    }
    guard let subject = DumpSubject(rawValue: word) else {
      throw .usage(
        "\(quoted(word)) is none of \(DumpSubject.list(separator: ", "))",
        of: name)
    }
    guard arguments.count <= 2 else {
      throw .usage(
        "one dump can be read at a time, but \(quoted(arguments[2])) was given, too", of: name)
    }
    if subject != .log, let option = values.logOption {
      throw .usage("\(option) has an effect only on kexec dump log", of: name)
    }
    let root = values.common.machineDirectory ?? kernel.files.root
    self.init(
      values: values, subject: subject,
      source: arguments.count > 1 ? arguments[1] : root + "/proc/vmcore", kernel: kernel)
  }
}
