internal import LinuxSystem

/// The names of the options that a command takes, apart from how they are written.
protocol OptionKey: Equatable, Sendable {
  /// What the options are read into.
  associatedtype Values: OptionValues
  /// The command's table, a row for each key.
  static var table: OptionTable<Self, Values> { get }
  /// The key of an option that all commands share.
  init(_ common: CommonOption)
}

/// What options are read into.
protocol OptionValues: Sendable {
  /// What the options say that all commands share.
  var common: CommonValues { get set }
}

/// A row of a table of options: how an option is written, what it is for, and what it asks for.
///
/// Neither parameter needs a protocol here: each start of the program would look the conformance up.
struct OptionDescription<Key: Sendable, Values>: Sendable {
  let option: Key
  let text: OptionText
  /// Writes down what it asks for; an action is told by its name alone.
  let read: @Sendable (inout ArgumentReader<Values>) -> Void

  init(
    _ option: Key, _ short: Character?, _ long: String..., value: String? = nil, help: String,
    read: @escaping @Sendable (inout ArgumentReader<Values>) -> Void = { _ in }
  ) {
    self.init(option, OptionText(short: short, long: long, value: value, help: help), read: read)
  }

  init(
    _ option: Key, _ text: OptionText,
    read: @escaping @Sendable (inout ArgumentReader<Values>) -> Void
  ) {
    self.option = option
    self.text = text
    self.read = read
  }
}

extension OptionDescription where Key: OptionKey, Key.Values == Values {
  /// An option that all commands share; `help` says what it is for where that differs.
  init(_ common: CommonOption, letter: Bool = true, help: String? = nil) {
    let row = common.text
    self.init(
      Key(common),
      OptionText(
        short: letter ? row.short : nil, long: row.long, value: row.value,
        help: help ?? row.help)
    ) {
      common.read(&$0.values.common, $0.value)
    }
  }
}

extension OptionDescription {
  var short: Character? { text.short }
  /// The long names; the first is the one to use. None where there is only a letter.
  var long: [String] { text.long }
  /// What stands for the value in `--help`; nil when there is none.
  var value: String? { text.value }
  /// The name that messages give it.
  var name: String { text.name }
}

/// How an option is written, and what it is for: what `--help`, a manual page and completion tell.
struct OptionText: Equatable {
  let short: Character?
  /// The long names; the first is the one to use. None where there is only a letter.
  let long: [String]
  /// What stands for the value; nil when there is none.
  let value: String?
  let help: String

  /// The name that messages give it.
  var name: String { long.first.map { "--" + $0 } ?? short.map { "-\($0)" } ?? "" }
}
