internal import ByteCoding
internal import CrashDumps
internal import LinuxSystem

/// What `kexec dump` says of a dump: the first argument.
enum DumpSubject: String, CaseIterable {
  case info, classes
}

/// The options of `kexec dump`.
enum DumpOption: OptionKey {
  case level
  case common(CommonOption)

  struct Values: EmptyValues {
    var common = CommonValues()
    var level: DumpLevel?
  }

  static let table = OptionTable<DumpOption, Values>([
    .init(
      "What to leave out",
      [
        .init(
          .level, nil, "level", value: "N",
          help: "classes: the dump level, a sum of 1, 2, 4, 8 and 16 (31)"
        ) {
          let number = $0.number()
          if number > UInt64(DumpLevel.all.rawValue) { $0.refuse("a dump level is 0 to 31") }
          $0.values.level = DumpLevel(rawValue: UInt8(truncatingIfNeeded: number))
        }
      ])
  ])

  init(_ common: CommonOption) {
    self = .common(common)
  }
}

/// `kexec dump SUBJECT SOURCE`: says what is in the memory of a crashed kernel.
struct DumpCommand: WordCommand {
  typealias Key = DumpOption

  static let summary = "say what is in a crash dump"

  let common: CommonValues
  let kernel: LinuxKernel
  let subject: DumpSubject
  /// The path of the dump.
  let source: String
  let level: DumpLevel

  func run() throws(CommandError) -> ExitCode {
    let image = try open()
    switch subject {
    case .info:
      let report = DumpInfoReport(image, path: source)
      try print(report.text(on: kernel.outputTerminal), json: report.json)
    case .classes:
      let report = DumpClassesReport(image, try classify(image))
      try print(report.text(on: kernel.outputTerminal), json: report.json)
    }
    return .success
  }

  /// Opens the dump and reads its headers.
  func open() throws(CommandError) -> CrashImage {
    debug("reading the headers of \(source)")
    let file: RandomAccessFile
    do {
      file = try RandomAccessFile(path: source)
    } catch {
      guard error.reason == .notRegular else { throw CommandError(error) }
      throw CommandError(
        .file(error.reason),
        "\(quoted(source)): it is neither a file nor a block device, which a dump must be in")
    }
    do {
      return try CrashImage(file)
    } catch {
      throw CommandError(error, path: source)
    }
  }

  private func classify(_ image: CrashImage) throws(CommandError) -> Classification {
    debug("reading the memory map for dump level \(level.rawValue)")
    do {
      return try Classification(image, level: level)
    } catch {
      throw CommandError(error, path: source)
    }
  }
}

extension DumpCommand {
  init(
    _ values: DumpOption.Values, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    let names = DumpSubject.allCases.map { $0.rawValue }.joined(separator: ", ")
    guard let word = arguments.first, let subject = DumpSubject(rawValue: word) else {
      throw .usage(
        arguments.first.map { "dump: \(quoted($0)) is none of \(names)" }
          ?? "dump needs to know what to print: one of \(names)", of: CommandWord.dump.name)
    }
    guard arguments.count == 2 else {
      throw .usage(
        arguments.count < 2
          ? "dump \(word) needs the file of a dump, such as /proc/vmcore"
          : "dump \(word) takes one dump, but \(quoted(arguments[2])) was given, too",
        of: CommandWord.dump.name)
    }
    guard values.level == nil || subject == .classes else {
      throw .usage("--level is only for dump classes", of: CommandWord.dump.name)
    }
    common = values.common
    self.kernel = kernel
    self.subject = subject
    source = arguments[1]
    level = values.level ?? .all
  }
}
