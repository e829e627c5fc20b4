import Testing

@testable import KexecCommand

/// Every option with all its names. A missing, renamed or additional one fails. InvocationTests
/// tests what the options mean and refuse.
struct OptionRow: Sendable, CustomTestStringConvertible {
  let option: Option
  let short: Character?
  let long: [String]
  /// A value that it accepts; nil if it takes none.
  let value: String?
  /// The arguments before it, without which it would mean something else.
  let base: String

  var testDescription: String { "--" + long[0] }

  init(
    _ option: Option, _ short: Character?, _ long: String..., value: String? = nil,
    after base: String = "-l k"
  ) {
    self.option = option
    self.short = short
    self.long = long
    self.value = value
    self.base = base
  }

  static let all: [OptionRow] = [
    // Actions.
    .init(.load, "l", "load", after: "k"), .init(.exec, "e", "exec", after: ""),
    .init(.unload, "u", "unload", after: ""), .init(.loadPanic, "p", "load-panic", after: "k"),
    .init(.force, "f", "force", after: "k"), .init(.status, "S", "status", after: ""),
    .init(.help, "h", "help", after: ""), .init(.version, "v", "version", after: ""),
    .init(.printCrashSize, nil, "print-ckr-size", after: ""), .init(.dryRun, nil, "dry-run"),
    .init(.loadPreserveContext, nil, "load-preserve-context", after: "k"),
    .init(.loadJumpBackHelper, nil, "load-jump-back-helper", after: ""),
    .init(.entry, nil, "entry", value: "0xa110f2", after: "--load-jump-back-helper"),
    // How to load.
    .init(.fileSyscall, "s", "kexec-file-syscall"), .init(.segmentsSyscall, "c", "kexec-syscall"),
    .init(.automaticSyscall, "a", "kexec-syscall-auto"), .init(.seed, nil, "seed", value: "7"),
    .init(.noChecks, "i", "no-checks"), .init(.memMin, nil, "mem-min", value: "0x1000000"),
    .init(.memMax, nil, "mem-max", value: "0x3fffffff"), .init(.debug, "d", "debug"),
    .init(.noIfdown, "x", "no-ifdown", after: "-e"), .init(.noSync, "y", "no-sync", after: "-e"),
    .init(.forceSync, nil, "force-sync", after: "-e"),
    .init(.type, "t", "type", value: "bzImage"),
    .init(.noCMA, nil, "no-cma"), .init(.forceDTB, nil, "force-dtb"),
    .init(.dropHandover, nil, "drop-handover"),
    // What to load.
    .init(.commandLine, nil, "command-line", value: "a=b"),
    .init(.append, nil, "append", value: "quiet"),
    .init(.reuseCommandLine, nil, "reuse-cmdline"),
    .init(.initrd, nil, "initrd", "ramdisk", value: "file"),
    .init(.forceInitrd, nil, "force-initrd"), .init(.reuseInitrd, nil, "reuseinitrd"),
    .init(.deviceTree, nil, "dtb", value: "file"),
    .init(.argsLinux, nil, "args-linux"), .init(.argsELF, nil, "args-elf"),
    .init(.argsNone, nil, "args-none"), .init(.module, nil, "module", value: "file a b"),
    .init(.reuseConsole, nil, "reuse-console"), .init(.earlyOutput, nil, "early-output"),
    .init(.preserve, nil, "preserve", value: "modules"), .init(.entry32Bit, nil, "entry-32bit"),
    .init(.realMode, nil, "real-mode"),
    .init(.resetVGA, nil, "reset-vga"), .init(.consoleVGA, nil, "console-vga"),
    .init(.consoleSerial, nil, "console-serial"), .init(.serial, nil, "serial", value: "ttyS1"),
    .init(.serialBaud, nil, "serial-baud", value: "9600"),
    .init(.reuseVideoType, nil, "reuse-video-type"), .init(.noEFI, nil, "noefi"),
    .init(.elf32CoreHeaders, nil, "elf32-core-headers", after: "-p k"),
    .init(.elf64CoreHeaders, nil, "elf64-core-headers", after: "-p k"),
    .init(.passMemmap, nil, "pass-memmap-cmdline", after: "-p k"),
    .init(.hotplug, nil, "hotplug", after: "-p k"),
    // Options that kexec-tools does not have.
    .init(.report, nil, "report", after: ""), .init(.digest, nil, "digest", value: "sha256"),
    .init(.noFast, nil, "no-fast"), .init(.stamp, nil, "stamp"), .init(.json, nil, "json"),
    .init(.machine, nil, "machine", value: "/m", after: "--dry-run -l k"),
    .init(.architecture, nil, "arch", value: "x86_64", after: "--dry-run --machine=/m -l k"),
    .init(.quiet, "q", "quiet", after: "-S"),
  ]
}

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  @Test("The option table has exactly the listed options with their names and values")
  func tableHasExactlyTheListedOptions() {
    for row in OptionRow.all {
      let found = Option.table.rows.filter { $0.option == row.option }
      #expect(found.count == 1, "\(row.option)")
      #expect(found.first?.long == row.long)
      #expect(found.first?.short == row.short)
      #expect((found.first?.value != nil) == (row.value != nil), "\(row.option)")
    }
    let options = OptionRow.all.map(\.option)
    #expect(Set(options).count == options.count)
    #expect(Set(Option.allCases) == Set(options))
    #expect(Option.table.rows.count == options.count)
  }

  /// Short or long, before or after other arguments, abbreviated, with the value after = or as the
  /// next word.
  @Test("Every spelling and position of an option means the same", arguments: OptionRow.all)
  func everySpellingMeansTheSame(row: OptionRow) throws {
    let base = row.base.split(separator: " ").map(String.init)
    var names = row.long.map { "--" + $0 }
    for name in row.long { names.append("--" + Self.shortestName(of: name)) }
    var spellings: [[String]] = []
    for name in names {
      spellings += row.value.map { [[name + "=" + $0], [name, $0]] } ?? [[name]]
    }
    if let short = row.short {
      spellings += row.value.map { [["-\(short)\($0)"], ["-\(short)", $0]] } ?? [["-\(short)"]]
    }

    let wanted = try Invocation(["kexec"] + base + spellings[0])
    for spelling in spellings {
      #expect(try Invocation(["kexec"] + base + spelling) == wanted, "\(spelling)")
      #expect(try Invocation(["kexec"] + spelling + base) == wanted, "\(spelling)")
    }
    // The option has an effect, unless it is the default.
    if row.base.isEmpty || row.option == .automaticSyscall { return }
    #expect(try Invocation(["kexec"] + base) != wanted)
  }

  /// A missing or superfluous value, and an ambiguous abbreviation, are refused.
  @Test(
    "A missing or extra value and an ambiguous abbreviation are refused",
    arguments: OptionRow.all)
  func wrongSpellingsAreRefused(row: OptionRow) {
    let base = ["kexec"] + row.base.split(separator: " ").map(String.init)
    for name in row.long {
      let wrong = row.value == nil ? ["--\(name)=x"] : ["--" + name]
      #expect(throws: CommandError.self) { try Invocation(base + wrong) }
      let ambiguous = Self.shortestName(of: name).dropLast()
      guard ambiguous.count > 0, !Self.names.contains(String(ambiguous)) else { continue }
      let arguments = row.value.map { ["--\(ambiguous)=\($0)"] } ?? ["--\(ambiguous)"]
      #expect(throws: CommandError.self, "\(ambiguous)") {
        try Invocation(base + arguments)
      }
    }
  }

  private static let names = OptionRow.all.flatMap(\.long)

  /// The shortest abbreviation of `name` that is unambiguous.
  private static func shortestName(of name: String) -> String {
    let others = names.filter { $0 != name }
    let counts = 1...name.count
    let count = counts.first { count in !others.contains { $0.hasPrefix(name.prefix(count)) } }
    return String(name.prefix(count ?? name.count))
  }

  /// Every row of the table of conflicts, in both orders.
  @Test("Each pair of conflicting options is refused in either order")
  func conflictingOptionsAreRefused() throws {
    func words(_ option: Option) throws -> [String] {
      let row = try #require(OptionRow.all.first { $0.option == option })
      return ["--" + row.long[0] + (row.value.map { "=" + $0 } ?? "")]
    }
    for conflict in OptionConflict.all {
      // Only loads take a kernel.
      let takesKernel = [.loadPanic, .loadPreserveContext, .realMode, .resetVGA].contains(
        conflict.first)
      for other in conflict.others {
        let pair = try [words(conflict.first), words(other)]
        for order in [pair, pair.reversed()] {
          let arguments = ["kexec"] + order.joined() + (takesKernel ? ["k"] : [])
          let error = #expect(throws: CommandError.self, "\(arguments)") {
            try Invocation(arguments)
          }
          #expect(error?.message == conflict.message(beside: other), "\(arguments)")
          #expect(error?.advice == conflict.advice, "\(arguments)")
        }
      }
    }
  }
}
