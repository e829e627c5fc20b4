internal import LinuxSystem

/// The options of one command, from which all comes that is known of them: parsing, `--help`, and what
/// a manual page and completion need.
struct OptionTable<Key: Sendable, Values>: Sendable {
  /// Rows that `--help` lists below one title.
  struct Section: Sendable {
    let title: String
    let rows: [OptionDescription<Key, Values>]

    init(_ title: String, _ rows: [OptionDescription<Key, Values>]) {
      self.title = title
      self.rows = rows
    }
  }

  /// In the order of `--help`.
  let sections: [Section]
  /// All rows, in the same order.
  let rows: [OptionDescription<Key, Values>]

  /// A table that has all rows written out.
  init(complete sections: [Section]) {
    self.sections = sections
    rows = sections.flatMap { $0.rows }
  }
}

extension OptionTable where Key: OptionKey, Key.Values == Values {
  /// A command's own rows, and behind them the options that all commands share. A letter of its own
  /// stays its own.
  init(_ own: [Section] = []) {
    let letters = own.flatMap { $0.rows }.compactMap { $0.short }
    let shared = CommonOption.allCases.map { option in
      OptionDescription<Key, Values>(
        option, letter: !letters.contains { $0 == option.text.short })
    }
    self.init(complete: own + [Section("Output", shared)])
  }
}

extension OptionTable {
  /// Takes `arguments`, the first of which is the program's name, apart.
  ///
  /// - Throws: a usage error.
  func parse(
    _ arguments: [String], of command: String = "kexec"
  ) throws(CommandError) -> GivenOptions {
    var texts: [OptionText] = []
    for row in rows { texts.append(row.text) }
    do throws(OptionFault) {
      return try GivenOptions(arguments, by: texts)
    } catch {
      throw CommandError(error, among: texts, of: command)
    }
  }

  /// What `--help`, a manual page and completion tell.
  var texts: [(title: String, options: [OptionText])] {
    sections.map { ($0.title, $0.rows.map { $0.text }) }
  }
}

extension OptionTable where Key: Equatable {
  /// The row of `option`.
  func row(of option: Key) -> OptionDescription<Key, Values>? {
    rows.first { $0.option == option }
  }
}

/// The options that were given, by their rows in a table, and the arguments that are none.
struct GivenOptions {
  struct Option {
    /// The place of its row in the table.
    let row: Int
    /// Whether it was given by its letter.
    let isShort: Bool
    let value: String?
    /// Whether the value is an argument of its own.
    let isValueApart: Bool
  }

  private(set) var options: [Option] = []
  let positionals: [String]

  fileprivate init(_ arguments: [String], by texts: [OptionText]) throws(OptionFault) {
    var shapes: [OptionShape] = []
    var rows: [Int] = []
    for (row, text) in texts.enumerated() {
      for (index, name) in text.long.enumerated() {
        shapes.append(
          OptionShape(
            long: name, short: index == 0 ? text.short : nil, takesValue: text.value != nil))
        rows.append(row)
      }
      if text.long.isEmpty {
        shapes.append(OptionShape(long: nil, short: text.short, takesValue: text.value != nil))
        rows.append(row)
      }
    }
    let parsed = try OptionParser.parse(arguments, shapes)
    for option in parsed.options {
      options.append(
        Option(
          row: rows[option.index], isShort: option.isShort, value: option.value,
          isValueApart: option.isValueApart))
    }
    positionals = parsed.positionals
  }
}
