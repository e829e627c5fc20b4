internal import CrashDumps
internal import ELFFormat
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

/// What an argument list means.
struct Invocation: Equatable {
  /// What is to be done.
  enum Action: Equatable {
    /// Load a kernel, and perhaps go on.
    case load(kernel: String, purpose: LoadRequest.Purpose, then: Sequel)
    /// Run the loaded kernel.
    case exec
    /// Free a loaded kernel.
    case unload(LoadRequest.Purpose)
    /// Say what is loaded; the exit code tells of this kind.
    case status(LoadRequest.Purpose)
    /// Load what returns to the kernel before this one.
    case loadJumpBackHelper
    /// Say how long the jump into this system took.
    case report
    /// Say how much memory is reserved for a panic kernel.
    case printCrashSize
    case help, version
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
  var call = LoadRequest.CallChoice.automatic
  var digest = DigestKind.komihash
  var isFast = true
  /// What the random addresses are drawn from; nil for the running kernel's generator.
  var seed: UInt64?
  /// The lowest and the highest byte that a piece may use.
  var memoryMinimum = PhysicalAddress(0)
  var memoryMaximum = PhysicalAddress(.max)
  var imageType: ImageType?
  var arguments: LoadRequest.ArgumentStyle?
  /// Each with the file's path as its first word.
  var modules: [String] = []
  var initrds: [String] = []
  var reusesInitrd = false
  /// The file with the device tree.
  var deviceTree: String?
  var avoidsContiguousMemory = false
  var forcesDeviceTree = false
  var commandLine: String?
  var appended: [String] = []
  var reusesCommandLine = false
  var reusesConsole = false
  var preservesModules = false
  var handsOverEFI = true
  var isStamped = false
  var coreHeaderWidth: ELFWidth?
  var passesMemoryMap = false
  var followsHotplug = false
  /// The serial port by name or number, when one was given.
  var serial: String?
  var serialBaud: UInt32 = 0
  var greetsOnSerial = false
  var writesOnVGA = false
  var resetsVGA = false
  var reusesVideoType = false
  var entry = LoadRequest.EntryChoice.automatic
  var preservesContext = false
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
  /// Where pieces may be.
  var memoryBounds: PhysicalRange {
    PhysicalRange(start: memoryMinimum, end: memoryMaximum.advanced(by: 1) ?? memoryMaximum)
  }

  /// Reads `arguments`, the first of which is the program's name.
  ///
  /// - Throws: a usage error, also for arguments that contradict each other.
  init(_ arguments: [String], isQuiet: Bool = false) throws(CommandError) {
    let table = OptionDescription.shapes
    let names = arguments.isEmpty ? ["kexec"] : arguments
    guard let parsed = OptionParser.parse(names, table.map(\.shape), isQuiet: isQuiet) else {
      throw .usage(nil)
    }
    let given = parsed.options.map { (option: table[$0.index].option, short: $0.isShort) }
    let options = Set(given.map(\.option))

    self.init(action: try Self.action(options, kernels: parsed.positionals))
    for option in parsed.options {
      try apply(table[option.index].option, isShort: option.isShort, value: option.value)
    }
    if let folder = machineFolder, !isDryRun {
      throw .usage("--machine=\(folder) goes with --dry-run: another machine cannot be loaded")
    }
    if reusesInitrd, let initrd = initrds.first {
      throw .usage("--reuseinitrd and --initrd=\(initrd) contradict each other")
    }
    if memoryMinimum >= memoryMaximum {
      throw .usage("--mem-min=\(memoryMinimum) is not below --mem-max=\(memoryMaximum)")
    }
    if jumpBackEntry != nil, action != .loadJumpBackHelper {
      throw .usage("--entry goes with --load-jump-back-helper")
    }
    if preservesContext {
      try Self.refuse(
        [.loadPanic, .fileSyscall, .realMode], in: options, beside: "--load-preserve-context")
    }
    if entry == .realMode {
      try Self.refuse([.entry32Bit, .deviceTree], in: options, beside: "--real-mode")
      if options.contains(.loadPanic) {
        throw .usage("--real-mode is not for a panic kernel: after a panic there is no BIOS to ask")
      }
    }
    if resetsVGA {
      // After the reset there is no picture of firmware's.
      try Self.refuse([.reuseVideoType], in: options, beside: "--reset-vga")
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
    let purpose: LoadRequest.Purpose = options.contains(.loadPanic) ? .crash : .reboot
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
      return .unload(purpose)
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
    return .load(kernel: kernel, purpose: purpose, then: sequel)
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
    _ option: Option, isShort: Bool, value: String?
  ) throws(CommandError) {
    let value = value ?? ""
    switch option {
    case .load, .loadPanic, .loadJumpBackHelper, .exec, .unload, .status, .report,
      .printCrashSize, .help, .version:
      break
    case .loadPreserveContext: preservesContext = true
    case .entry:
      let address = try Self.number(value, of: "--entry")
      guard Self.jumpBackAddresses.contains(address) else {
        throw .usage("--entry=\(value): not an address in memory")
      }
      jumpBackEntry = PhysicalAddress(address)
    case .force: isForced = true
    // The manual's -s is --force-sync, that of kexec-tools is the file call: the action decides.
    case .fileSyscall where isShort && action == .exec: sync = .forCertain
    case .fileSyscall: call = .fileOnly
    case .segmentsSyscall: call = .segmentsOnly
    case .automaticSyscall: call = .automatic
    case .noChecks: digest = .none
    case .digest:
      guard let kind = DigestKind(rawValue: value), kind != .none else {
        throw .usage("--digest=\(value): neither komihash nor sha256")
      }
      digest = kind
    case .noFast: isFast = false
    case .seed: seed = try Self.number(value, of: "--seed")
    case .memMin: memoryMinimum = PhysicalAddress(try Self.number(value, of: "--mem-min"))
    case .memMax: memoryMaximum = PhysicalAddress(try Self.number(value, of: "--mem-max"))
    case .type:
      guard let type = ImageType(rawValue: value) else {
        throw .usage("--type=\(value): not one of \(imageTypeNames)")
      }
      imageType = type
    case .argsLinux: try setArguments(.linux)
    case .argsELF: try setArguments(.elfNotes)
    case .argsNone: try setArguments(.none)
    case .module: modules.append(value)
    case .initrd: initrds.append(value)
    case .reuseInitrd: reusesInitrd = true
    case .deviceTree: deviceTree = value
    case .noCMA: avoidsContiguousMemory = true
    case .forceDTB: forcesDeviceTree = true
    case .commandLine: commandLine = value
    case .append: appended.append(value)
    case .reuseCommandLine: reusesCommandLine = true
    case .reuseConsole: reusesConsole = true
    case .preserve:
      for what in value.split(separator: ",", omittingEmptySubsequences: false) {
        guard what == "modules" else {
          throw .usage("--preserve=\(value): only modules can be preserved")
        }
        preservesModules = true
      }
    case .noEFI: handsOverEFI = false
    case .stamp: isStamped = true
    case .elf32CoreHeaders: coreHeaderWidth = .bits32
    case .elf64CoreHeaders: coreHeaderWidth = .bits64
    case .passMemmap: passesMemoryMap = true
    case .hotplug: followsHotplug = true
    case .consoleSerial: greetsOnSerial = true
    case .serial: serial = value
    case .serialBaud:
      let baud = try Self.number(value, of: "--serial-baud")
      guard baud <= 115_200, baud == 0 || 115_200 % baud == 0 else {
        throw .usage("--serial-baud=\(value): not a rate that divides 115200")
      }
      serialBaud = UInt32(baud)
    case .consoleVGA: writesOnVGA = true
    case .resetVGA: resetsVGA = true
    case .reuseVideoType: reusesVideoType = true
    case .entry32Bit: entry = .protected32
    case .realMode: entry = .realMode
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
    _ style: LoadRequest.ArgumentStyle
  ) throws(CommandError) {
    if let arguments, arguments != style {
      throw .usage("--args-linux, --args-elf and --args-none contradict each other")
    }
    arguments = style
  }

  private static func number(_ text: String, of option: String) throws(CommandError) -> UInt64 {
    guard let number = UInt64(cNumber: text) else {
      throw .usage("\(option)=\(text): not a number (decimal, or hexadecimal with 0x)")
    }
    return number
  }
}

extension CommandError {
  /// The arguments make no sense because of `message`; nil when that has been said.
  static func usage(_ message: String?) -> CommandError {
    CommandError(message ?? "", advice: "kexec --help lists the options", exitCode: .usage)
  }
}
