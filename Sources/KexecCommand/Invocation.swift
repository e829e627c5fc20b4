internal import CrashDumps
internal import ELFFormat
internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

/// The meaning of an argument list.
struct Invocation: Equatable {
  /// The action that the options ask for.
  enum Action: Equatable {
    /// Load a kernel, and perhaps run it.
    case load(kernel: String, then: Sequel)
    /// Run the loaded kernel.
    case exec
    /// Unload a kernel.
    case unload(LoadOptions.Purpose)
    /// Print what is loaded. The exit code is about a kernel for this purpose.
    case status(LoadOptions.Purpose)
    /// Load the helper that jumps back to the previous kernel.
    case loadJumpBackHelper
    /// Print how long the jump into this system took.
    case report
    /// Print how much memory is reserved for a crash kernel.
    case printCrashSize
    case help, version

    /// Whether nothing is loaded, unloaded or run: then a captured machine may be given.
    var onlyLooks: Bool {
      switch self {
      case .status, .report, .printCrashSize: true
      default: false
      }
    }

    var isLoad: Bool { if case .load = self { true } else { false } }
  }

  /// What is done after a load.
  enum Sequel: Equatable {
    /// Nothing: `-l` and `-p`.
    case nothing
    /// The jump, immediately: `-f`.
    case jump
    /// A shutdown that ends in the jump: KERNEL without an action.
    case shutDown
  }

  /// How dirty buffers are written before the jump.
  enum Sync: Equatable {
    case ordinary, forCertain, none
  }

  var action: Action
  /// The options of a load. `call` is used for unloading, too.
  var options = LoadOptions()
  /// The entry point of the previous kernel, if it was given. `--load-jump-back-helper`.
  var jumpBackEntry: PhysicalAddress?
  /// Valid addresses of that entry point: 46 bits, which any x86 page table reaches.
  static let jumpBackAddresses: Range<UInt64> = 1..<(1 << 46)
  var isForced = false
  var sync = Sync.ordinary
  var takesInterfacesDown = true
  var isDryRun = false
  /// The architecture of a captured machine, if it was given. `--arch`.
  var architecture: Architecture?
  /// The values of the options that all commands share.
  var common = CommonValues()
}

extension Invocation {
  /// Reads `arguments`, the first of which is the program's name.
  ///
  /// - Throws: a usage error, also if arguments cannot be used together.
  init(_ arguments: [String]) throws(CommandError) {
    let rows = Option.table.rows
    let words = ArgumentWords(arguments)
    let given: GivenOptions
    do throws(CommandError) {
      given = try Option.table.parse(arguments.isEmpty ? ["kexec"] : arguments)
    } catch {
      throw words.explaining(error)
    }
    try words.checkDashes(of: given.positionals)
    try words.checkValues(of: given)
    let names = given.options.map { rows[$0.row].option }
    var fault: CommandError?
    var action = Action.help
    do throws(CommandError) {
      action = try Self.action(names, given, words: words)
    } catch {
      fault = error
    }
    var reader = ArgumentReader(ClassicValues(invocation: Invocation(action: action)))
    // Invalid values are reported first: the value may be the kernel's name, which would then be
    // missing.
    try reader.read(given, by: rows)
    if let fault { throw fault }
    self = reader.invocation
    if names.contains(.loadPanic), action.isLoad { options.purpose = .crash }
    if let directory = common.machineDirectory, !isDryRun, !action.onlyLooks {
      throw .usage(
        "--machine=\(quoted(directory)) needs --dry-run: another machine cannot be loaded")
    }
    if let architecture, common.machineDirectory == nil {
      throw .usage(
        "--arch=\(architecture.name) needs --machine: the architecture of this machine is known")
    }
    if options.reusesInitrd, let initrd = options.initrds.first {
      throw .usage("--reuseinitrd and --initrd=\(quoted(initrd)) cannot be used together")
    }
    options.memoryBounds = try reader.values.memoryBounds()
    if jumpBackEntry != nil, action != .loadJumpBackHelper {
      throw .usage("--entry needs --load-jump-back-helper")
    }
    for option in [Option.loadPreserveContext, .realMode, .resetVGA] where names.contains(option) {
      try OptionConflict.check(option, in: names)
    }
  }

  /// The one action that the options ask for.
  private static func action(
    _ options: [Option], _ given: GivenOptions, words: ArgumentWords
  ) throws(CommandError) -> Action {
    let kernels = given.positionals
    if options.contains(.help) { return .help }
    if options.contains(.version) { return .version }
    func withoutKernel(_ option: Option, _ action: Action) throws(CommandError) -> Action {
      do throws(CommandError) {
        try OptionConflict.check(option, in: options)
        if let kernel = kernels.first {
          throw words.explaining(
            .usage("\(option.spelling) takes no kernel, but \(quoted(kernel)) was given"),
            kernels: kernels)
        }
      } catch {
        var error = error
        // Exit code 1 would tell scripts that a kernel is loaded.
        if option == .status { error.exitCode = .failure }
        throw error
      }
      return action
    }
    if options.contains(.report) { return try withoutKernel(.report, .report) }
    if options.contains(.printCrashSize) {
      return try withoutKernel(.printCrashSize, .printCrashSize)
    }
    if options.contains(.loadJumpBackHelper) {
      return try withoutKernel(.loadJumpBackHelper, .loadJumpBackHelper)
    }
    if options.contains(.status) {
      return try withoutKernel(.status, .status(options.contains(.load) ? .reboot : .crash))
    }
    if options.contains(.unload) {
      return try withoutKernel(.unload, .unload(options.contains(.loadPanic) ? .crash : .reboot))
    }
    if options.contains(.exec) || (options.contains(.force) && kernels.isEmpty) {
      return try withoutKernel(.exec, .exec)
    }
    if options.contains(.loadPanic) { try OptionConflict.check(.loadPanic, in: options) }
    if kernels.count > 1 {
      throw words.explaining(
        .usage("two kernels were given: \(quoted(kernels[0])) and \(quoted(kernels[1]))"),
        kernels: kernels)
    }
    guard let kernel = kernels.first else { throw words.noKernel(given, options) }
    guard !kernel.isEmpty else {
      throw .usage("the name of the kernel is empty (\"\")")
        .advising("it may come from an unset variable in quotes")
    }
    if let cause = words.causeOfLoneWord(kernel) {
      throw .usage("no kernel was given, only \(quoted(kernel))").advising(cause)
    }
    let isPlainLoad = [Option.load, .loadPanic, .loadPreserveContext].contains(
      where: options.contains)
    let sequel: Sequel = options.contains(.force) ? .jump : isPlainLoad ? .nothing : .shutDown
    return .load(kernel: kernel, then: sequel)
  }
}

extension CommandError {
  /// A usage error with `message`. The exit code is 1, except where kexec-tools uses another one
  /// that scripts know.
  static func usage(
    _ message: String, of command: String = "kexec", exitCode: ExitCode = .usage
  ) -> CommandError {
    CommandError(
      .usage, message, advice: usageAdvice(message, of: command), exitCode: exitCode)
  }
}
