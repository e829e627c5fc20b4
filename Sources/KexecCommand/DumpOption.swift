internal import Compression
internal import CrashDumps
internal import CrashLogs
internal import DumpWriting
internal import RunningSystem

/// The options of `kexec dump`.
enum DumpOption: Equatable {
  case level, format
  case compress, whenFull, noVerify, force, threads, rescue
  case logLevel, sinceClear, caller
  case common(CommonOption)
}

/// What they say.
struct DumpValues: EmptyValues {
  var common = CommonValues()
  /// Which pages are left out of a dump: several levels are tried one after the other.
  var levels: [DumpLevel]?
  /// In which form the log is printed.
  var logFormat = LogFormat.Style.dmesg
  /// Which form a dump gets.
  var fileFormat: FileFormat?
  /// How its pages are compressed: nil inside for not at all.
  var compression: PageCompression??
  var whenFull: SaveRequest.WhenFull?
  var verifies = true
  var replaces = false
  var threads: Int?
  var rescues = false
  /// Which levels of the log are printed: 1 << level.
  var logLevels: UInt8 = .max
  /// Whether only what `dmesg -C` has not cleared is printed.
  var isSinceClear = false
  /// Whether the log says who wrote each line.
  var showsCaller = false
  /// Options that were given and that not everything takes, each with what does.
  fileprivate(set) var limited: [(option: String, subjects: [DumpSubject])] = []

  /// The forms of dumps.
  enum FileFormat: String, CaseIterable {
    case kdump, elf
  }

  /// Refuses options that `subject` does not take.
  func check(for subject: DumpSubject) throws(CommandError) {
    for (option, subjects) in limited where !subjects.contains(subject) {
      let names = subjects.map { $0 == .save ? "saving" : $0.text }
      let list = names.dropLast().joined(separator: ", ") + (names.count > 1 ? " and " : "")
      throw .usage("\(option) is only for \(list + (names.last ?? ""))", of: CommandWord.dump.name)
    }
    if subject == .classes, (levels?.count ?? 1) > 1 {
      throw .usage("dump classes takes one level", of: CommandWord.dump.name)
    }
    if fileFormat == .elf, let compression, compression != nil {
      throw .usage(
        "the pages of an ELF file are never compressed: --format=elf and --compress do not go together",
        of: CommandWord.dump.name)
    }
  }
}

extension DumpOption: OptionKey {
  typealias Values = DumpValues
  static let table = OptionTable<DumpOption, DumpValues>([
    .init(
      "What is saved",
      [
        .init(
          .level, "d", "level", value: "N",
          help:
            "the dump level, a sum of 1, 2, 4, 8 and 16 (31); with commas: each is tried when space is short"
        ) {
          $0.limit("--level", [.classes, .save, .convert])
          $0.values.levels = $0.dumpLevels()
        },
        .init(
          .format, nil, "format", value: "FORM",
          help:
            "kdump or elf for a dump (kdump); \(Self.logForms.joined(separator: ", ")) for the log"
        ) { $0.readFormat() },
        .init(
          .compress, nil, "compress", value: "METHOD",
          help: "how pages are compressed: \(Self.methods.joined(separator: ", ")) (zstd)"
        ) {
          $0.limit("--compress", [.save, .convert])
          switch $0.value {
          case "zstd": $0.values.compression = .some(.zstd)
          case "zlib": $0.values.compression = .some(.zlib)
          case "none": $0.values.compression = .some(nil)
          default: $0.refuse("there is no such method", among: Self.methods)
          }
        },
      ]),
    .init(
      "How it is saved",
      [
        .init(
          .whenFull, nil, "if-full", value: "WHAT",
          help:
            "what is done if the space is not enough: \(Self.fullWords.joined(separator: ", ")) (fail)"
        ) {
          $0.limit("--if-full", [.save])
          $0.values.whenFull = SaveRequest.WhenFull(rawValue: $0.value)
          if $0.values.whenFull == nil {
            $0.refuse("expected one of these words", among: Self.fullWords)
          }
        },
        .init(
          .noVerify, nil, "no-verify", help: "do not read back from the medium what was written"
        ) {
          $0.limit("--no-verify", [.save, .convert])
          $0.values.verifies = false
        },
        .init(
          .force, "f", "force",
          help:
            "replace TARGET, once the new dump is complete; overwrite a device that has contents"
        ) {
          $0.limit("--force", [.save, .convert])
          $0.values.replaces = true
        },
        .init(
          .threads, nil, "threads", value: "N",
          help: "how many threads compress (one for each processor)"
        ) {
          $0.limit("--threads", [.save, .convert])
          let number = $0.number()
          if !(1...1024).contains(number) { $0.refuse("expected a number from 1 to 1024") }
          $0.values.threads = Int(truncatingIfNeeded: number)
        },
        .init(
          .rescue, nil, "rescue", help: "convert a flattened file that was cut, as far as it goes"
        ) {
          $0.limit("--rescue", [.convert])
          $0.values.rescues = true
        },
      ]),
    .init(
      "The log",
      [
        .init(
          .logLevel, nil, "log-level", value: "LIST",
          help: "print only records of these levels: names or numbers, with commas"
        ) {
          $0.limit("--log-level", [.log])
          $0.values.logLevels = $0.levels()
        },
        .init(.sinceClear, nil, "since-clear", help: "print only what dmesg -C has not cleared") {
          $0.limit("--since-clear", [.log])
          $0.values.isSinceClear = true
        },
        .init(.caller, nil, "caller", help: "say which task or processor wrote each record") {
          $0.limit("--caller", [.log])
          $0.values.showsCaller = true
        },
      ]),
  ])

  init(_ common: CommonOption) { self = .common(common) }

  fileprivate static let logForms = LogFormat.Style.allCases.map { $0.rawValue }
  fileprivate static let fileForms = DumpValues.FileFormat.allCases.map { $0.rawValue }
  fileprivate static let methods = ["zstd", "zlib", "none"]
  fileprivate static let fullWords = SaveRequest.WhenFull.allCases.map { $0.rawValue }
}

extension ArgumentReader<DumpValues> {
  /// Notes that `option` is only for these.
  fileprivate mutating func limit(_ option: String, _ subjects: [DumpSubject]) {
    values.limited.append((option, subjects))
  }

  /// --format: of the log, or of a dump.
  fileprivate mutating func readFormat() {
    if let style = LogFormat.Style(rawValue: value) {
      limit("--format=\(value)", [.log])
      values.logFormat = style
    } else if let format = DumpValues.FileFormat(rawValue: value) {
      limit("--format=\(value)", [.save, .convert])
      values.fileFormat = format
    } else {
      refuse("there is no such form", among: DumpOption.fileForms + DumpOption.logForms)
    }
  }

  /// The value as dump levels with commas.
  fileprivate mutating func dumpLevels() -> [DumpLevel] {
    var levels: [DumpLevel] = []
    for word in value.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = UInt64(cNumber: String(word)), number <= UInt64(DumpLevel.all.rawValue)
      else {
        refuse("a dump level is 0 to 31")
        continue
      }
      let level = DumpLevel(rawValue: UInt8(number))
      if !levels.contains(level) { levels.append(level) }
    }
    return levels
  }

  /// The value as a set of levels.
  fileprivate mutating func levels() -> UInt8 {
    var levels: UInt8 = 0
    for word in value.split(separator: ",", omittingEmptySubsequences: false) {
      if let level = LogRecord.levelNames.firstIndex(of: String(word)) {
        levels |= 1 << UInt8(level)
      } else if let level = UInt8(word), level < 8 {
        levels |= 1 << level
      } else {
        refuse("no level is called \(quoted(String(word)))", among: LogRecord.levelNames)
      }
    }
    return levels
  }
}
