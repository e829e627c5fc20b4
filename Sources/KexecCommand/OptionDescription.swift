internal import LinuxSystem

/// A row of the table of options, from which parsing and `--help` come: how an option is written, what
/// it is for, and what it asks for.
struct OptionDescription {
  /// Where `--help` lists it.
  enum Section: String, CaseIterable {
    case actions = "What to do (one of these; KERNEL alone loads it and reboots into it)"
    case loading = "How to load"
    case content = "What to load"
    case crash = "What a panic kernel learns (with -p)"
    case console = "What the code between the kernels says"
    case running = "How to run it"
    case output = "What to print"
  }

  let option: Option
  let short: Character?
  /// The long names; the first is the one to use.
  let long: [String]
  /// What stands for the value in `--help`; nil when there is none.
  let value: String?
  let help: String
  /// Writes down what it asks for; an action is told by its name alone.
  let read: @Sendable (inout ArgumentReader) -> Void

  init(
    _ option: Option, _ short: Character?, _ long: String...,
    value: String? = nil, help: String,
    read: @escaping @Sendable (inout ArgumentReader) -> Void = { _ in }
  ) {
    self.option = option
    self.short = short
    self.long = long
    self.value = value
    self.help = help
    self.read = read
  }
}

extension OptionDescription {
  /// The name that messages give it.
  var name: String { "--" + long[0] }

  /// The table in the form that the parser takes, each long name with what it stands for.
  static let shapes: [(shape: OptionShape, row: OptionDescription)] = all.flatMap { description in
    description.long.enumerated().map { index, name in
      (
        OptionShape(
          long: name, short: index == 0 ? description.short : nil,
          takesValue: description.value != nil), description
      )
    }
  }
}
