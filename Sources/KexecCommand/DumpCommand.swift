internal import ByteCoding
internal import CrashDumps
internal import LinuxSystem
internal import RunningSystem

/// `kexec dump`: reads the memory of a crashed kernel, and saves it.
struct DumpCommand: WordCommand {
  typealias Key = DumpOption

  static let summary = "save the dump of a crashed kernel, or read one"

  let values: DumpValues
  let subject: DumpSubject
  /// The dump as the user gave it.
  let source: String
  /// Where it is saved; empty where nothing is.
  let target: String
  let kernel: LinuxKernel

  var common: CommonValues { values.common }

  func run() throws(CommandError) -> ExitCode {
    // What is mapped cannot be read any more when another process cuts the file short, or when its disk fails.
    kernel.signals.exitOnLostFile(
      "kexec: \(quoted(source)): the file became shorter or unreadable while it was read\n")
    switch subject {
    case .info:
      let report = DumpInfoReport(try openDump(source, saysMissing: false), path: source)
      try print(report.text(on: kernel.outputTerminal), json: report.json)
    case .classes:
      let image = try openDump(source)
      avoidBadMemory(of: image, path: source)
      let classification = try classify(image, values.levels?.first ?? .all, path: source)
      let report = DumpClassesReport(image, classification)
      try requireWhole(image, path: source)
      try print(report.text(on: kernel.outputTerminal), json: report.json)
    case .log: try printLog()
    case .report: return try printReport()
    case .save: return try save()
    case .verify: return try verify()
    case .convert: return try convert()
    }
    return .success
  }
}

extension DumpCommand {
  init(
    _ values: DumpValues, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) {
    let name = CommandWord.dump.name
    guard let word = arguments.first else {
      let names = DumpSubject.list(separator: ", ")
      throw .usage(
        "dump needs a SOURCE and a TARGET to save, or one of the words \(names)", of: name)
    }
    let subject = DumpSubject(word: word) ?? .save
    let operands = Array(subject == .save ? arguments[...] : arguments.dropFirst())
    try Self.check(operands, of: subject)
    try values.check(for: subject)
    if operands.count == 2, operands[1] == OutputFile.standardOutput {
      try Self.checkStandardOutput(values, on: kernel)
    }
    let root = values.common.machineDirectory ?? kernel.files.root
    self.init(
      values: values, subject: subject, source: operands.first ?? root + "/proc/vmcore",
      target: operands.count > 1 ? operands[1] : "", kernel: kernel)
  }

  /// Refuses what is too much or too little.
  private static func check(
    _ operands: [String], of subject: DumpSubject
  ) throws(CommandError) {
    let name = CommandWord.dump.name
    let most = subject.operands.upperBound
    if operands.count > most {
      let takes = most == 1 ? "one dump" : "a SOURCE and a TARGET"
      throw .usage(
        "\(subject.text) takes \(takes), but \(quoted(operands[most])) was given, too", of: name)
    }
    guard operands.count < subject.operands.lowerBound else { return }
    guard subject == .save else {
      throw .usage(
        subject == .verify
          ? "\(subject.text) needs a FILE" : "\(subject.text) needs a SOURCE and a TARGET",
        of: name)
    }
    let word = operands.first ?? ""
    var error = CommandError.usage(
      "dump: \(quoted(word)) is none of \(DumpSubject.list(separator: ", ")), and as a SOURCE it needs a TARGET",
      of: name)
    if let nearest = nearestName(to: word, among: DumpSubject.words.map { $0.rawValue }) {
      error.advice = "did you mean kexec dump \(nearest)?"
    }
    throw error
  }

  /// Refuses a dump on a terminal, or in the middle of JSON.
  private static func checkStandardOutput(
    _ values: DumpValues, on kernel: LinuxKernel
  ) throws(CommandError) {
    if values.common.printsJSON {
      throw .usage(
        "--json is printed to the standard output, which the dump goes to",
        of: CommandWord.dump.name)
    }
    if kernel.streams.columns(.output) != nil {
      throw .usage(
        "the standard output is a terminal, which is no place for a dump", of: CommandWord.dump.name
      )
      .advising("give a pipe: kexec dump SOURCE - | ssh HOST kexec dump convert - TARGET")
    }
  }
}
