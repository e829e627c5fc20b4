internal import CrashDumps
internal import CrashLogs

/// The options of `kexec dump`.
enum DumpOption: Equatable {
  case level
  case format, logLevel, sinceClear, caller
  case common(CommonOption)
}

/// What they say.
struct DumpValues: EmptyValues {
  var common = CommonValues()
  /// Which pages would be left out of a dump.
  var level: DumpLevel?
  /// In which form the log is printed.
  var format = LogFormat.Style.dmesg
  /// Which levels of the log are printed: 1 << level.
  var levels: UInt8 = .max
  /// Whether only what `dmesg -C` has not cleared is printed.
  var isSinceClear = false
  /// Whether the log says who wrote each line.
  var showsCaller = false
  /// An option that was given and only means something for the log.
  var logOption: String?
}

extension DumpOption: OptionKey {
  typealias Values = DumpValues
  static let table = OptionTable<DumpOption, DumpValues>([
    .init(
      "The classes",
      [
        .init(
          .level, nil, "level", value: "N",
          help: "the dump level, a sum of 1, 2, 4, 8 and 16 (31)"
        ) {
          let number = $0.number()
          if number > UInt64(DumpLevel.all.rawValue) { $0.refuse("a dump level is 0 to 31") }
          $0.values.level = DumpLevel(rawValue: UInt8(truncatingIfNeeded: number))
        }
      ]),
    .init(
      "The log",
      [
        .init(
          .format, nil, "format", value: "FORM",
          help:
            "how records are printed: \(LogFormat.Style.allCases.map { $0.rawValue }.joined(separator: ", "))"
        ) {
          $0.values.logOption = "--format"
          if let style = LogFormat.Style(rawValue: $0.value) {
            $0.values.format = style
          } else {
            $0.refuse("there is no such form", among: LogFormat.Style.allCases.map { $0.rawValue })
          }
        },
        .init(
          .logLevel, nil, "log-level", value: "LIST",
          help: "print only records of these levels: names or numbers, with commas"
        ) {
          $0.values.logOption = "--log-level"
          $0.values.levels = $0.levels()
        },
        .init(.sinceClear, nil, "since-clear", help: "print only what dmesg -C has not cleared") {
          $0.values.logOption = "--since-clear"
          $0.values.isSinceClear = true
        },
        .init(.caller, nil, "caller", help: "say which task or processor wrote each record") {
          $0.values.logOption = "--caller"
          $0.values.showsCaller = true
        },
      ]),
  ])

  init(_ common: CommonOption) { self = .common(common) }
}

extension ArgumentReader<DumpValues> {
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
