/// The options that all commands share. A command that has no others takes this as its key.
enum CommonOption: CaseIterable {
  case json, machine, quiet, debug, help
}

/// What they say.
struct CommonValues: Equatable {
  /// Whether findings and errors are printed as JSON.
  var printsJSON = false
  /// Where the /proc and /sys of the machine are; nil for the running one.
  var machineDirectory: String?
  /// Whether nothing is printed.
  var isQuiet = false
  /// Whether details go to the error stream.
  var isDebugging = false
}

extension CommonOption {
  /// How it is written, and what it is for.
  var text: OptionText {
    switch self {
    case .json: OptionText(short: nil, long: ["json"], value: nil, help: "print as JSON")
    case .machine:
      OptionText(
        short: nil, long: ["machine"], value: "DIR",
        help: "the machine whose /proc and /sys are in DIR, not the running one")
    case .quiet:
      OptionText(short: "q", long: ["quiet"], value: nil, help: "print nothing, only exit")
    case .debug:
      OptionText(
        short: "d", long: ["debug"], value: nil,
        help: "say on the error stream what is read, decided and called")
    case .help:
      OptionText(short: "h", long: ["help"], value: nil, help: "print this and exit")
    }
  }

  /// Writes down what it asks for; help is asked for by its name alone.
  func read(_ values: inout CommonValues, _ value: String) {
    switch self {
    case .json: values.printsJSON = true
    case .machine: values.machineDirectory = value
    case .quiet: values.isQuiet = true
    case .debug: values.isDebugging = true
    case .help: break
    }
  }
}

extension CommonOption: OptionKey {
  typealias Values = CommonValues
  static let table = OptionTable<CommonOption, CommonValues>()

  init(_ common: CommonOption) {
    self = common
  }
}

extension CommonValues: EmptyValues {
  var common: CommonValues {
    get { self }
    set { self = newValue }
  }
}
