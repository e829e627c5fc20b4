internal import CrashDumps
internal import ELFFormat
internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

/// What an argument list means.
struct Invocation: Equatable {
  /// What is to be done.
  enum Action: Equatable {
    /// Load a kernel, and perhaps go on.
    case load(kernel: String, then: Sequel)
    /// Run the loaded kernel.
    case exec
    /// Free a loaded kernel.
    case unload(LoadOptions.Purpose)
    /// Say what is loaded; the exit code tells of this kind.
    case status(LoadOptions.Purpose)
    /// Load what returns to the kernel before this one.
    case loadJumpBackHelper
    /// Say how long the jump into this system took.
    case report
    /// Say how much memory is reserved for a panic kernel.
    case printCrashSize
    case help, version

    var isLoad: Bool { if case .load = self { true } else { false } }
  }

  /// What follows a load.
  enum Sequel: Equatable {
    /// Nothing: `-l` and `-p`.
    case nothing
    /// The jump, at once: `-f`.
    case jump
    /// A shutdown that ends in the jump: KERNEL alone.
    case shutDown
  }

  /// How dirty buffers are written before the jump.
  enum Sync: Equatable {
    case ordinary, forCertain, none
  }

  var action: Action
  /// What is asked of a load; the call also of an unload.
  var options = LoadOptions()
  /// Where the kernel before this one is returned to, when that was given.
  var jumpBackEntry: PhysicalAddress?
  /// Where that may be: 46 bits are what any x86 page table reaches.
  static let jumpBackAddresses: Range<UInt64> = 1..<(1 << 46)
  var isForced = false
  var sync = Sync.ordinary
  var takesInterfacesDown = true
  var isDryRun = false
  var printsJSON = false
  var machineFolder: String?
  var isQuiet = false
  var isDebugging = false
}

extension Invocation {
  /// Reads `arguments`, the first of which is the program's name.
  ///
  /// - Throws: a usage error, also for arguments that contradict each other.
  init(_ arguments: [String], isQuiet: Bool = false) throws(CommandError) {
    let table = OptionDescription.shapes
    let names = arguments.isEmpty ? ["kexec"] : arguments
    guard let parsed = OptionParser.parse(names, table.map(\.shape), isQuiet: isQuiet) else {
      throw .usage(nil)
    }
    let given = Set(parsed.options.map { table[$0.index].option })

    self.init(action: try Self.action(given, kernels: parsed.positionals))
    if given.contains(.loadPanic), action.isLoad { options.purpose = .crash }
    var memory = MemoryLimits()
    for option in parsed.options {
      try apply(
        table[option.index].option, isShort: option.isShort, value: option.value, &memory)
    }
    if let folder = machineFolder, !isDryRun {
      throw .usage("--machine=\(folder) goes with --dry-run: another machine cannot be loaded")
    }
    if options.reusesInitrd, let initrd = options.initrds.first {
      throw .usage("--reuseinitrd and --initrd=\(initrd) contradict each other")
    }
    options.memoryBounds = try memory.range()
    if jumpBackEntry != nil, action != .loadJumpBackHelper {
      throw .usage("--entry goes with --load-jump-back-helper")
    }
    if options.preservesContext {
      try Self.refuse(
        [.loadPanic, .fileSyscall, .realMode], in: given, beside: "--load-preserve-context")
    }
    if options.entry == .realMode {
      try Self.refuse([.entry32Bit, .deviceTree], in: given, beside: "--real-mode")
      if given.contains(.loadPanic) {
        throw .usage("--real-mode is not for a panic kernel: after a panic there is no BIOS to ask")
      }
    }
    if options.resetsVGA {
      // After the reset there is no picture of firmware's.
      try Self.refuse([.reuseVideoType], in: given, beside: "--reset-vga")
    }
  }

  /// The one action that the options ask for.
  private static func action(
    _ options: Set<Option>, kernels: [String]
  ) throws(CommandError) -> Action {
    if options.contains(.help) { return .help }
    if options.contains(.version) { return .version }
    for (option, action) in [(Option.report, Action.report), (.printCrashSize, .printCrashSize)]
    where options.contains(option) {
      let name = action == .report ? "--report" : "--print-ckr-size"
      try refuse(
        [.load, .loadPanic, .exec, .unload, .status, .force, .printCrashSize].filter {
          $0 != option
        }, in: options, beside: name)
      try refuse(kernels, beside: name)
      return action
    }
    if options.contains(.loadJumpBackHelper) {
      try refuse(
        [.load, .loadPanic, .loadPreserveContext, .exec, .unload, .status, .force, .fileSyscall],
        in: options, beside: "--load-jump-back-helper")
      try refuse(kernels, beside: "--load-jump-back-helper")
      return .loadJumpBackHelper
    }
    if kernels.count > 1 {
      throw .usage("two kernels were given: \(kernels[0]) and \(kernels[1])")
    }
    // -p and -l say of which kind -u and -S speak; -f says how -e and a load go on.
    if options.contains(.status) {
      try refuse(
        [.exec, .unload, .force, .loadPreserveContext], in: options, beside: "-S (--status)")
      try refuse(kernels, beside: "-S (--status)")
      return .status(options.contains(.load) ? .reboot : .crash)
    }
    if options.contains(.unload) {
      try refuse(
        [.exec, .load, .force, .loadPreserveContext], in: options, beside: "-u (--unload)")
      try refuse(kernels, beside: "-u (--unload)")
      return .unload(options.contains(.loadPanic) ? .crash : .reboot)
    }
    if options.contains(.exec) || (options.contains(.force) && kernels.isEmpty) {
      try refuse([.load, .loadPanic, .loadPreserveContext], in: options, beside: "-e (--exec)")
      try refuse(kernels, beside: "-e (--exec)")
      return .exec
    }
    if options.contains(.loadPanic) {
      // A kernel that only writes a dump wants as little as possible.
      try refuse([.load, .force, .preserve], in: options, beside: "-p (--load-panic)")
    }
    guard let kernel = kernels.first else { throw .usage("no kernel was given") }
    let isPlainLoad = !options.isDisjoint(with: [.load, .loadPanic, .loadPreserveContext])
    let sequel: Sequel = options.contains(.force) ? .jump : isPlainLoad ? .nothing : .shutDown
    return .load(kernel: kernel, then: sequel)
  }

  private static func refuse(
    _ others: [Option], in options: Set<Option>, beside action: String
  ) throws(CommandError) {
    for description in OptionDescription.all
    where others.contains(description.option) && options.contains(description.option) {
      throw .usage("\(action) and --\(description.long[0]) contradict each other")
    }
  }

  private static func refuse(_ kernels: [String], beside action: String) throws(CommandError) {
    if let kernel = kernels.first {
      throw .usage("\(action) takes no kernel, but \(kernel) was given")
    }
  }

  private mutating func apply(
    _ option: Option, isShort: Bool, value: String?, _ memory: inout MemoryLimits
  ) throws(CommandError) {
    let value = value ?? ""
    switch option {
    case .load, .loadPanic, .loadJumpBackHelper, .exec, .unload, .status, .report,
      .printCrashSize, .help, .version:
      break
    case .loadPreserveContext: options.preservesContext = true
    case .entry:
      let address = try Self.number(value, of: "--entry")
      guard Self.jumpBackAddresses.contains(address) else {
        throw .usage("--entry=\(value): not an address in memory")
      }
      jumpBackEntry = PhysicalAddress(address)
    case .force: isForced = true
    // The manual's -s is --force-sync, that of kexec-tools is the file call: the action decides.
    case .fileSyscall where isShort && action == .exec: sync = .forCertain
    case .fileSyscall: options.call = .file
    case .segmentsSyscall: options.call = .segments
    case .automaticSyscall: options.call = nil
    case .noChecks: options.digest = .none
    case .digest:
      guard let kind = DigestKind(rawValue: value), kind != .none else {
        throw .usage("--digest=\(value): neither komihash nor sha256")
      }
      options.digest = kind
    case .noFast: options.isFast = false
    case .seed: options.seed = try Self.number(value, of: "--seed")
    case .memMin: memory.lowest = PhysicalAddress(try Self.number(value, of: "--mem-min"))
    case .memMax: memory.highest = PhysicalAddress(try Self.number(value, of: "--mem-max"))
    case .type:
      guard let type = ImageType(rawValue: value) else {
        throw .usage("--type=\(value): not one of \(imageTypeNames)")
      }
      options.imageType = type
    case .argsLinux: try setArguments(.linux)
    case .argsELF: try setArguments(.elfNotes)
    case .argsNone: try setArguments(.none)
    case .module: options.modules.append(value)
    case .initrd: options.initrds.append(value)
    case .reuseInitrd: options.reusesInitrd = true
    case .deviceTree: options.deviceTree = value
    case .noCMA: options.avoidsContiguousMemory = true
    case .forceDTB: options.forcesDeviceTree = true
    case .commandLine: options.commandLine = value
    case .append: options.appended.append(value)
    case .reuseCommandLine: options.reusesCommandLine = true
    case .reuseConsole: options.reusesConsole = true
    case .preserve:
      for what in value.split(separator: ",", omittingEmptySubsequences: false) {
        guard what == "modules" else {
          throw .usage("--preserve=\(value): only modules can be preserved")
        }
        options.preservesModules = true
      }
    case .noEFI: options.handsOverEFI = false
    case .stamp: options.isStamped = true
    case .elf32CoreHeaders: options.coreHeaderWidth = .bits32
    case .elf64CoreHeaders: options.coreHeaderWidth = .bits64
    case .passMemmap: options.passesMemoryMap = true
    case .hotplug: options.followsHotplug = true
    case .consoleSerial: options.greetsOnSerial = true
    case .serial: options.serial = value
    case .serialBaud:
      let baud = try Self.number(value, of: "--serial-baud")
      guard baud <= 115_200, baud == 0 || 115_200 % baud == 0 else {
        throw .usage("--serial-baud=\(value): not a rate that divides 115200")
      }
      options.serialBaud = UInt32(baud)
    case .consoleVGA: options.writesOnVGA = true
    case .resetVGA: options.resetsVGA = true
    case .reuseVideoType: options.reusesVideoType = true
    case .entry32Bit: options.entry = .protected32
    case .realMode: options.entry = .realMode
    case .forceSync: sync = .forCertain
    case .noSync: sync = .none
    case .noIfdown: takesInterfacesDown = false
    case .dryRun: isDryRun = true
    case .json: printsJSON = true
    case .machine: machineFolder = value
    case .quiet: isQuiet = true
    case .debug: isDebugging = true
    }
  }

  private mutating func setArguments(
    _ style: LoadOptions.ArgumentStyle
  ) throws(CommandError) {
    if let arguments = options.arguments, arguments != style {
      throw .usage("--args-linux, --args-elf and --args-none contradict each other")
    }
    options.arguments = style
  }

  private static func number(_ text: String, of option: String) throws(CommandError) -> UInt64 {
    guard let number = UInt64(cNumber: text) else {
      throw .usage("\(option)=\(text): not a number (decimal, or hexadecimal with 0x)")
    }
    return number
  }
}

/// The lowest and the highest byte that a segment may use, as far as the arguments are read.
private struct MemoryLimits {
  var lowest = PhysicalAddress(0)
  var highest = PhysicalAddress(.max)

  func range() throws(CommandError) -> PhysicalRange {
    guard lowest < highest else {
      throw .usage("--mem-min=\(lowest) is not below --mem-max=\(highest)")
    }
    return PhysicalRange(start: lowest, end: highest.advanced(by: 1) ?? highest)
  }
}

extension CommandError {
  /// The arguments make no sense because of `message`; nil when that has been said.
  static func usage(_ message: String?) -> CommandError {
    CommandError(message ?? "", advice: "kexec --help lists the options", exitCode: .usage)
  }
}
