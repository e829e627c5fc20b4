internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import PhysicalMemory
internal import RunningSystem

/// The arguments of a command that have been read so far, and the option that is being read.
struct ArgumentReader<Values> {
  /// The values read so far.
  var values: Values
  /// The option that is being read, whether it was given as its letter, and its value.
  private var name = ""
  private(set) var isShort = false
  private(set) var value = ""
  /// What is wrong with the value. The first fault is kept.
  private var fault: CommandError?

  /// The program's name in messages, such as "kexec status".
  private let command: String

  init(_ values: Values, of command: String = "kexec") {
    self.values = values
    self.command = command
  }

  /// Reads the given options; `rows` says how each one is read.
  mutating func read<Key>(
    _ given: GivenOptions, by rows: [OptionDescription<Key, Values>]
  ) throws(CommandError) {
    for option in given.options {
      let row = rows[option.row]
      (isShort, value) = (option.isShort, option.value ?? "")
      name = isShort ? row.short.map { "-\($0)" } ?? row.name : row.name
      row.read(&self)
      if let fault { throw fault }
    }
  }

  /// Reports why the value is not valid. An earlier fault is kept.
  mutating func refuse(_ why: String, exitCode: ExitCode = .usage) {
    guard fault == nil else { return }
    fault = .usage(
      "\(typed(name, value, isShort: isShort)): \(why)", of: command, exitCode: exitCode)
  }

  /// The value as the name of a file. An empty value is a fault.
  mutating func path() -> String {
    if value.isEmpty { refuse("no file can have this name") }
    return value
  }

  /// Reports why the value is not valid, and suggests the nearest of `names`.
  mutating func refuse(_ why: String, among names: [String], exitCode: ExitCode = .usage) {
    let isFirst = fault == nil
    refuse(why, exitCode: exitCode)
    if isFirst, let nearest = nearestName(to: value, among: names) {
      fault?.advice = "did you mean \(nearest)?"
    }
  }

  /// Reports why the option cannot be combined with the options before it.
  mutating func refuse(all message: String) {
    if fault == nil { fault = .usage(message, of: command) }
  }

  /// The value as a number, decimal or hexadecimal with 0x.
  mutating func number() -> UInt64 {
    if let number = UInt64(cNumber: value) { return number }
    refuse("not a number (decimal, or hexadecimal with 0x)")
    return 0
  }

  /// The value as an address, in bytes or with a unit: KiB, MiB, GiB or TiB.
  mutating func address() -> PhysicalAddress {
    if let address = UInt64(memorySize: value) { return PhysicalAddress(address) }
    refuse(
      "not an address (decimal, or hexadecimal with 0x; K, M, G or T may follow)")
    return PhysicalAddress(0)
  }
}

/// The values of the options of the classic command line.
struct ClassicValues: OptionValues {
  var invocation: Invocation
  /// The lowest and the highest byte that a segment may use.
  var lowest = PhysicalAddress(0)
  var highest = PhysicalAddress(.max)

  var common: CommonValues {
    get { invocation.common }
    set { invocation.common = newValue }
  }

  /// The range in which segments may be placed: --mem-min to --mem-max.
  func memoryBounds() throws(CommandError) -> PhysicalRange {
    // A half-open range cannot contain the very last byte.
    guard lowest.value != .max else { throw .usage("--mem-min=\(lowest): no memory is that high") }
    guard lowest <= highest else {
      throw .usage("--mem-min=\(lowest) is above --mem-max=\(highest)")
    }
    return PhysicalRange(start: lowest, end: highest.advanced(by: 1) ?? highest)
  }
}

// Options whose value may be invalid.
extension ArgumentReader<ClassicValues> {
  /// The invocation as read so far.
  var invocation: Invocation {
    get { values.invocation }
    set { values.invocation = newValue }
  }

  /// The options of the load as read so far.
  var options: LoadOptions {
    get { values.invocation.options }
    set { values.invocation.options = newValue }
  }

  /// -s: kexec-tools' manual says --force-sync, its program uses kexec_file_load. With -e it is
  /// --force-sync, otherwise kexec_file_load.
  mutating func setFileCall() {
    if isShort, invocation.action == .exec {
      invocation.sync = .forCertain
    } else {
      options.call = .file
    }
  }

  mutating func setJumpBackEntry() {
    let address = number()
    guard Invocation.jumpBackAddresses.contains(address) else {
      return refuse("not an address in memory")
    }
    invocation.jumpBackEntry = PhysicalAddress(address)
  }

  mutating func setDigest() {
    guard let kind = DigestKind(rawValue: value), kind != .none else {
      return refuse("expected komihash or sha256", among: ["komihash", "sha256"])
    }
    options.digest = kind
  }

  mutating func setImageType() {
    guard let type = ImageType(rawValue: value) else {
      return refuse(
        "not a type of kernel (\(imageTypeNames))", among: ImageType.allCases.map { $0.rawValue },
        exitCode: .failure)
    }
    options.imageType = type
  }

  mutating func setArchitecture() {
    guard let architecture = Architecture(named: value) else {
      return refuse("not a known architecture: expected x86_64")
    }
    guard architecture == .x86_64 else {
      return refuse("only x86_64 is supported")
    }
    invocation.architecture = architecture
  }

  mutating func setPreserved() {
    for what in value.split(separator: ",", omittingEmptySubsequences: false) {
      guard what == "modules" else {
        return refuse("expected modules", among: ["modules"])
      }
      options.preservesModules = true
    }
  }

  mutating func setBaud() {
    guard let baud = UInt64(cNumber: value), baud <= 115_200, baud == 0 || 115_200 % baud == 0
    else { return refuse("the rate must divide 115200", exitCode: .failure) }
    options.serialBaud = UInt32(baud)
  }

  mutating func setArguments(_ style: LoadOptions.ArgumentStyle) {
    if let arguments = options.arguments, arguments != style {
      return refuse(all: "--args-linux, --args-elf and --args-none cannot be used together")
    }
    options.arguments = style
  }
}
