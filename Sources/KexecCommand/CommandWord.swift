internal import LinuxSystem

/// The commands: `kexec WORD` with exactly such a word runs one; anything else is the classic
/// command line.
enum CommandWord: String, CaseIterable {
  case status, report, dump

  /// What the command is for, and whether a part of it needs root.
  var summary: (text: String, needsRoot: Bool) {
    switch self {
    case .status: (StatusCommand.summary, false)
    case .report: (ReportCommand.summary, false)
    case .dump: (DumpCommand.summary, false)
    }
  }

  /// Its options, for `--help`, a manual page and completion.
  var options: [(title: String, options: [OptionText])] {
    switch self {
    case .status: StatusCommand.Key.table.texts
    case .report: ReportCommand.Key.table.texts
    case .dump: DumpCommand.Key.table.texts
    }
  }

  /// Runs the command. The first of `arguments` is the program's name, the second is the word.
  ///
  /// - Throws: a usage error. Other errors have been reported already.
  func run(_ arguments: [String], on kernel: LinuxKernel) throws(CommandError) -> ExitCode {
    switch self {
    case .status: try run(StatusCommand.self, arguments, on: kernel)
    case .report: try run(ReportCommand.self, arguments, on: kernel)
    case .dump: try run(DumpCommand.self, arguments, on: kernel)
    }
  }

  /// What it takes besides options, for `--help`.
  var arguments: String {
    switch self {
    case .status, .report: ""
    case .dump: " \(DumpSubject.list(separator: "|")) [SOURCE]"
    }
  }

  /// The program's name in messages.
  var name: String { "kexec \(rawValue)" }

  private func run<Command: WordCommand>(
    _ type: Command.Type, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError) -> ExitCode {
    let table = Command.Key.table
    let given = try table.parse(
      [name] + arguments.dropFirst(2), of: name)
    if given.options.contains(where: { table.rows[$0.row].option == Command.Key(.help) }) {
      try kernel.write(helpText(of: self, on: kernel.outputTerminal))
      return .success
    }
    var reader = ArgumentReader(Command.Key.Values(), of: name)
    try reader.read(given, by: table.rows)
    let command = try Command(reader.values, given.positionals, on: kernel)
    return command.reportingErrors { () throws(CommandError) in
      try command.checkMachineDirectory()
      return try command.run()
    }
  }

  /// Refuses arguments that are not options.
  func expectNone(_ arguments: [String]) throws(CommandError) {
    guard let argument = arguments.first else { return }
    throw .usage("\(rawValue) takes no argument, but \(quoted(argument)) was given", of: name)
  }
}

/// A command: it reads facts, calls the modules below, and prints the result.
protocol WordCommand: CommandContext {
  associatedtype Key: OptionKey where Key.Values: EmptyValues

  /// What it is for, in one line.
  static var summary: String { get }

  /// Makes the command from the values of its options, and the arguments that are not options.
  init(
    _ values: Key.Values, _ arguments: [String], on kernel: LinuxKernel
  ) throws(CommandError)

  func run() throws(CommandError) -> ExitCode
}

/// Option values that can be made with nothing read yet.
protocol EmptyValues: OptionValues {
  init()
}
