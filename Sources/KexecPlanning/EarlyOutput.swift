internal import KernelImages
internal import RunningSystem

/// The parameters that make the next kernel write to a serial port before its consoles exist. Without them a
/// kernel that dies so early prints nothing. `--early-output`.
package struct EarlyOutput: Equatable, Sendable {
  /// What is added to the command line: `earlycon=` and `keep_bootcon`, or the one of them that it lacks.
  let words: [String]
  /// The parameter of the command line that asks for early output already; nil when there is none.
  let given: String?
}

extension EarlyOutput {
  /// What must be added on `machine` to `line`, the rest of the next kernel's command line.
  ///
  /// The port is the one that `options` name, else that of the console in `line`, else that of the running
  /// kernel's console.
  ///
  /// - Throws: `PlanningError.noEarlyPort`, `PlanningError.earlyPortUnknown`.
  init(
    beside line: KernelCommandLine, _ options: LoadOptions, on machine: Machine
  ) throws(PlanningError) {
    given = line.earlyConsole(hasTable: machine.hasConsoleTable)
    var words: [String] = []
    if given == nil { words.append(try Self.port(beside: line, options, on: machine)) }
    if line.words(named: "keep_bootcon").isEmpty { words.append("keep_bootcon") }
    self.words = words
  }

  private static func port(
    beside line: KernelCommandLine, _ options: LoadOptions, on machine: Machine
  ) throws(PlanningError) -> String {
    if let name = options.serial {
      let rate = options.serialBaud == 0 ? nil : "\(options.serialBaud)n8"
      guard let port = UInt64(cNumber: name) else {
        return try word(of: name, rate: rate, on: machine)
      }
      return UART(name: name, address: port, access: "io").word(rate: rate)
    }
    let running = machine.reusedConsoles
    var consoles = running
    for (name, options) in line.values(of: "console").map({ $0.console }) {
      consoles.append((String(name), options.map(String.init)))
    }
    // The last word is that of /dev/console.
    while let (name, options) = consoles.popLast() {
      if name == "uart8250" || name == "uart", let options {
        return "earlycon=uart8250," + options
      }
      guard name.hasPrefix("ttyS"), Console.driver(of: name[...]) == "ttyS" else { continue }
      // A parameter without a rate keeps the rate that is set.
      let set = running.first { $0.name == name }?.options
      return try word(of: name, rate: options ?? set, on: machine)
    }
    // It may be the only one that says where the port is.
    if let early = machine.commandLine.earlyConsole(hasTable: false) { return early }
    throw .noEarlyPort(running.map { $0.name })
  }

  private static func word(
    of name: String, rate: String?, on machine: Machine
  ) throws(PlanningError) -> String {
    var port = machine.uarts.first { $0.name == name }
    if port == nil, let usual = PurgatoryConsole.usualPorts[name] {
      port = UART(name: name, address: UInt64(usual), access: "io")
    }
    guard let port, port.access != nil else { throw .earlyPortUnknown(name) }
    return port.word(rate: rate)
  }
}

extension UART {
  /// The port as `earlycon=` names it. If its clock is not that of a PC, the rate stays as it is set, since
  /// kernels before 5.18 know no other clock.
  fileprivate func word(rate: String?) -> String {
    let word = "earlycon=uart8250,\(access ?? ""),0x" + String(address, radix: 16)
    let isUsual = (clock ?? 0) == 0 || clock == Self.usualClock
    // A rate of 0 means that the line was hung up.
    guard isUsual, var rate, !rate.hasPrefix("0") else { return word }
    // Early output uses no flow control.
    if rate.hasSuffix("r") { rate.removeLast() }
    return word + "," + rate
  }
}

extension KernelCommandLine {
  /// The parameter that asks for output to a port before the consoles exist; nil when there is none.
  /// `earlycon` alone does so if firmware `hasTable` of consoles (SPCR).
  fileprivate func earlyConsole(hasTable: Bool) -> String? {
    for word in words(named: "earlycon") where hasTable || word != "earlycon" {
      return String(word)
    }
    for word in words(named: "earlyprintk") {
      for port in ["serial", "ttyS", "0x", "pciserial", "mmio"]
      where word.hasPrefix("earlyprintk=" + port) {
        return String(word)
      }
    }
    return nil
  }
}

extension KernelImage {
  /// Whether this is a kernel that knows the parameters of Linux.
  func knowsWordsOfLinux(_ request: LoadRequest) -> Bool {
    switch self {
    case .bzImage(let image): !image.isForBIOSOnly
    case .elf: takesArgumentsLikeLinux(request)
    case .multiboot, .unified: false
    }
  }
}
