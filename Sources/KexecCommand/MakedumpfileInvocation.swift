internal import LinuxSystem

/// The meaning of makedumpfile's arguments.
struct MakedumpfileInvocation: Equatable {
  /// What is done.
  enum Action: Equatable {
    /// Save the dump `source` as `target`.
    case save(source: String, target: String)
    /// Save the log of the dump `source` as `target`.
    case saveLog(source: String, target: String)
    /// Write the flattened file on the standard input as `target`.
    case rearrange(target: String)
    /// Print what the memory of the running system is used for.
    case tellMemoryUsage(source: String)
    /// Print nothing: the arguments are right.
    case check
    case help, version
  }

  let action: Action
  let values: MakedumpfileValues

  /// The name that this program has then.
  static let name = "makedumpfile"
  /// What the standard output is called as a target, and the standard input as a source.
  static let (standardOutput, standardInput) = ("-", "-")

  /// Reads `arguments`, the first of which is the program's name.
  ///
  /// - Throws: a usage error: for each option and each combination that means something else than what is done.
  init(_ arguments: [String]) throws(CommandError) {
    let table = MakedumpfileOption.table
    let given = try table.parse([Self.name] + arguments.dropFirst(), of: Self.name)
    let options = given.options.map { table.rows[$0.row].option }
    if options.contains(.help) || options.contains(.version) {
      (action, values) = (options.contains(.help) ? .help : .version, MakedumpfileValues())
      return
    }
    var reader = ArgumentReader(MakedumpfileValues(), of: Self.name)
    try reader.read(given, by: table.rows)
    let action = try Self.action(options, given.positionals, isFlattened: reader.values.isFlattened)
    try Self.checkCompany(options)
    values = reader.values
    self.action = values.onlyChecks ? .check : action
  }

  /// The action that the options ask for, with its files.
  private static func action(
    _ options: [MakedumpfileOption], _ files: [String], isFlattened: Bool
  ) throws(CommandError) -> Action {
    if options.contains(.rearrange) {
      let files = try expect(files, ["DUMPFILE"], behind: "-R")
      return .rearrange(target: files[0])
    }
    if options.contains(.memoryUsage) {
      let files = try expect(files, ["/proc/kcore"], behind: "--mem-usage")
      return .tellMemoryUsage(source: files[0])
    }
    let writesLog = options.contains(.dumpLog)
    var wanted = ["VMCORE"]
    if !isFlattened { wanted.append(writesLog ? "LOGFILE" : "DUMPFILE") }
    let files = try expect(files, wanted, behind: isFlattened ? "-F" : nil)
    var target = isFlattened ? standardOutput : files[1]
    // What makedumpfile writes to has this name.
    if !isFlattened, target == standardOutput { target = "./-" }
    return writesLog
      ? .saveLog(source: files[0], target: target) : .save(source: files[0], target: target)
  }

  /// Refuses fewer or more files than those that `names` stand for.
  private static func expect(
    _ files: [String], _ names: [String], behind option: String?
  ) throws(CommandError) -> [String] {
    let wanted = names.joined(separator: " and ")
    let found =
      files.isEmpty ? "none was given" : "given: " + files.map(quoted).joined(separator: ", ")
    guard files.count == names.count else {
      throw .usage(
        "expected \(wanted)\(option.map { " with \($0)" } ?? ""); \(found)", of: name)
    }
    for (file, name) in zip(files, names) where file.isEmpty {
      throw .usage("the name of \(name) is empty (\"\")", of: Self.name)
    }
    return files
  }

  /// Refuses options that exclude each other.
  private static func checkCompany(_ options: [MakedumpfileOption]) throws(CommandError) {
    func refuse(_ first: MakedumpfileOption, beside others: [MakedumpfileOption])
      throws(CommandError)
    {
      guard options.contains(first), let other = others.first(where: { options.contains($0) })
      else { return }
      let names = [first, other].map { MakedumpfileOption.table.row(of: $0)?.name ?? "" }
      throw .usage("\(names[0]) and \(names[1]) cannot be used together", of: name)
    }
    let compressions: [MakedumpfileOption] = [.zlib, .lzo, .snappy, .zstd]
    try refuse(.elf, beside: compressions)
    try refuse(
      .rearrange, beside: [.flattened, .dumpLog, .memoryUsage, .dryRun, .elf] + compressions)
    try refuse(.memoryUsage, beside: [.flattened, .dumpLog, .dryRun])
    try refuse(.dryRun, beside: [.dumpLog])
    if options.contains(.partialLog), !options.contains(.dumpLog) {
      throw .usage("--partial-dmesg needs --dump-dmesg", of: name)
    }
  }
}
