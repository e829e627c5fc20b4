internal import CrashDumps

/// The options of makedumpfile, which the program takes when it is called by that name.
enum MakedumpfileOption: Equatable, Sendable {
  case zlib, lzo, snappy, zstd, level, elf, flattened, force, threads
  case rearrange, dumpLog, partialLog, memoryUsage, dryRun, checkParameters
  case messageLevel, showStats, debug, help, version
  /// It has a meaning for makedumpfile, but none here, and the dump is as good without it.
  case ignored
  /// What it asks for cannot be done.
  case refused
}

/// What they say.
struct MakedumpfileValues: Equatable, Sendable {
  /// How pages are compressed, by the letter that was given last.
  enum Compression: Equatable, Sendable { case none, zlib, lzo, snappy, zstd }

  /// The levels, in the order in which they are tried. `-d`
  var levels: [DumpLevel] = [[]]
  var compression = Compression.none
  var isELF = false
  /// Whether the dump goes to the standard output, flattened. `-F`
  var isFlattened = false
  /// Whether a flattened dump is read from the standard input. `-R`
  var rearranges = false
  /// Whether a file that is there is replaced. `-f`
  var replaces = false
  /// How many processors may work; nil for all.
  var threads: Int?
  var writesLog = false
  var isSinceClear = false
  var tellsMemoryUsage = false
  var isDryRun = false
  var onlyChecks = false
  var showsReport = false
  /// Which messages are printed, but for errors and warnings: those always are.
  var messages = MakedumpfileMessages.usual
  /// Options without effect that were given, for `-D`.
  var ignored: [String] = []
}

/// The kinds of messages of makedumpfile. `--message-level`
struct MakedumpfileMessages: OptionSet, Sendable {
  let rawValue: UInt8

  static let progress = MakedumpfileMessages(rawValue: 1)
  static let common = MakedumpfileMessages(rawValue: 2)
  static let error = MakedumpfileMessages(rawValue: 4)
  static let debug = MakedumpfileMessages(rawValue: 8)
  static let report = MakedumpfileMessages(rawValue: 16)
  /// What is printed unless something else was asked for.
  static let usual: MakedumpfileMessages = [.progress, .common, .error]
  static let all = MakedumpfileMessages(rawValue: 31)
}

extension MakedumpfileOption {
  typealias Row = OptionDescription<MakedumpfileOption, MakedumpfileValues>

  static let table = OptionTable(complete: [
    .init("What is written", written), .init("Other actions", actions),
    .init("Messages", messages), .init("Without effect", withoutEffect),
    .init("Not supported", notSupported),
  ])

  private static let written: [Row] = [
    .init(.level, "d", value: "LEVEL", help: levelHelp) { $0.values.levels = $0.dumpLevels() },
    .init(.zlib, "c", help: "compress pages by zlib") { $0.values.compression = .zlib },
    .init(.zstd, "z", help: "compress pages by zstd") { $0.values.compression = .zstd },
    .init(.lzo, "l", help: "as -c: lzo is not written") { $0.values.compression = .lzo },
    .init(.snappy, "p", help: "as -c: snappy is not written") { $0.values.compression = .snappy },
    .init(.elf, "E", help: "write an ELF core file") { $0.values.isELF = true },
    .init(.flattened, "F", help: "write a flattened file to the standard output") {
      $0.values.isFlattened = true
    },
    .init(.force, "f", help: "replace a file that is there") { $0.values.replaces = true },
    .init(
      .threads, nil, "num-threads", value: "N",
      help: "use at most N processors (default and 0: all)"
    ) {
      let count = $0.number()
      if count > 4096 { $0.refuse("at most 4096 threads are possible") }
      $0.values.threads = count == 0 ? nil : Int(truncatingIfNeeded: count)
    },
  ]

  private static let levelHelp =
    "which pages are left out: a sum of 1, 2, 4, 8 and 16 (default: 0); of several, with commas,"
    + " the next one is tried when there is not enough space"

  private static let actions: [Row] = [
    .init(.rearrange, "R", help: "write the flattened file on the standard input as a plain file") {
      $0.values.rearranges = true
    },
    .init(.dumpLog, nil, "dump-dmesg", help: "write the log of the kernel, not its memory") {
      $0.values.writesLog = true
    },
    .init(.partialLog, nil, "partial-dmesg", help: "only what dmesg -C has not cleared of it") {
      $0.values.isSinceClear = true
    },
    .init(
      .memoryUsage, nil, "mem-usage",
      help: "say how many pages of the running system (/proc/kcore) are of which kind"
    ) {
      $0.values.tellsMemoryUsage = true
    },
    .init(.dryRun, nil, "dry-run", help: "do all but write the file") {
      $0.values.isDryRun = true
    },
    .init(.checkParameters, nil, "check-params", help: "only check the arguments, and exit") {
      $0.values.onlyChecks = true
    },
    .init(.help, "h", "help", help: "print this and exit"),
    .init(.version, "v", help: "print the version and exit"),
  ]

  private static let messages: [Row] = [
    .init(
      .messageLevel, nil, "message-level", value: "N",
      help: "which messages are printed, a sum: 1 progress, 2 common, 4 errors, 8 debugging,"
        + " 16 report (default: 7)"
    ) {
      let level = $0.number()
      if level > UInt64(MakedumpfileMessages.all.rawValue) { $0.refuse("it is 0 to 31") }
      $0.values.messages = MakedumpfileMessages(rawValue: UInt8(truncatingIfNeeded: level))
    },
    .init(.showStats, nil, "show-stats", help: "print the report, as 16 does") {
      $0.values.showsReport = true
    },
    .init(.debug, "D", help: "print what is read and decided, as 8 does") {
      $0.values.messages.insert(.debug)
    },
  ]

  private static let withoutEffect: [Row] = [
    needless("x", nil, value: "VMLINUX", "the dump says what is needed"),
    needless("i", nil, value: "VMCOREINFO", "the dump says what is needed"),
    needless("b", nil, value: "ORDER", "how many pages are read at once"),
    needless(nil, "cyclic-buffer", value: "KIB", "little memory is taken in any case"),
    needless(nil, "non-mmap", "how the dump is read"),
    needless(nil, "splitblock-size", value: "KIB", "for dumps in several files"),
    needless(nil, "work-dir", value: "DIR", "there are no temporary files"),
  ]

  private static let notSupported: [Row] = [
    unsupported("e", nil, "struct pages are always kept"),
    unsupported("g", nil, value: "FILE", "no file of VMCOREINFO is written or needed"),
    unsupported("L", nil, value: "SIZE", "the file has the size that the level gives: see -d"),
    unsupported("X", nil, xen),
    unsupported(nil, "config", value: "FILE", erase),
    unsupported(nil, "diskset", value: "FILE", "dumps of sadump are not read"),
    unsupported(nil, "eppic", value: "FILE", erase),
    unsupported(nil, "reassemble", split),
    unsupported(nil, "split", split),
    unsupported(nil, "vtop", value: "ADDR", "addresses are not translated"),
    unsupported(nil, "xen-syms", value: "FILE", xen),
    unsupported(nil, "xen-vmcoreinfo", value: "FILE", xen),
    unsupported(nil, "xen_phys_start", value: "ADDR", xen),
  ]

  private static let xen = "dumps of Xen are not read"
  private static let erase = "nothing is erased from the kernel's memory"
  private static let split = "a dump is one file"

  private static func needless(
    _ short: Character?, _ long: String?, value: String? = nil, _ why: String
  ) -> Row {
    let text = OptionText(
      short: short, long: long.map { [$0] } ?? [], value: value, help: why)
    return Row(.ignored, text) { $0.values.ignored.append(text.name) }
  }

  private static func unsupported(
    _ short: Character?, _ long: String?, value: String? = nil, _ why: String
  ) -> Row {
    let text = OptionText(short: short, long: long.map { [$0] } ?? [], value: value, help: why)
    return Row(.refused, text) { $0.refuse(all: "\(text.name) is not supported: \(why)") }
  }
}

extension ArgumentReader<MakedumpfileValues> {
  /// The value as a list of dump levels.
  fileprivate mutating func dumpLevels() -> [DumpLevel] {
    var levels: [DumpLevel] = []
    for word in value.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = UInt8(word), number <= DumpLevel.all.rawValue, !word.hasPrefix("+") else {
        refuse("a dump level is 0 to 31; several are separated by commas")
        return levels
      }
      levels.append(DumpLevel(rawValue: number))
    }
    return levels
  }
}
