internal import LinuxSystem

/// The options of one command, from which all comes that is known of them: parsing, `--help`, and what
/// a manual page and completion need.
struct OptionTable<Key: OptionKey>: Sendable {
  /// Rows that `--help` lists below one title.
  struct Section: Sendable {
    let title: String
    let rows: [OptionDescription<Key>]

    init(_ title: String, _ rows: [OptionDescription<Key>]) {
      self.title = title
      self.rows = rows
    }
  }

  /// In the order of `--help`.
  let sections: [Section]
  /// All rows, in the same order.
  let rows: [OptionDescription<Key>]

  /// A table that has all rows written out.
  init(complete sections: [Section]) {
    self.sections = sections
    rows = sections.flatMap(\.rows)
  }

  /// A command's own rows, and behind them the options that all commands share. A letter of its own
  /// stays its own.
  init(_ own: [Section] = []) {
    let letters = own.flatMap(\.rows).compactMap(\.short)
    let shared = CommonOption.allCases.map { option in
      OptionDescription<Key>(
        option, letter: !letters.contains { $0 == option.text.short })
    }
    self.init(complete: own + [Section("What to print", shared)])
  }
}

extension OptionTable {
  /// An option that was given.
  struct Given {
    let row: OptionDescription<Key>
    /// Whether it was given by its letter.
    let isShort: Bool
    let value: String?
  }

  /// Takes `arguments`, the first of which the C library's messages begin with, apart.
  ///
  /// - Throws: a usage error; the C library has then said what is wrong, unless `isQuiet`.
  func parse(
    _ arguments: [String], of command: String = "kexec", isQuiet: Bool = false
  ) throws(CommandError) -> (options: [Given], positionals: [String]) {
    let names = rows.flatMap { row in
      row.long.enumerated().map { index, name in
        (
          shape: OptionShape(
            long: name, short: index == 0 ? row.short : nil, takesValue: row.value != nil),
          row: row
        )
      }
    }
    guard let parsed = OptionParser.parse(arguments, names.map(\.shape), isQuiet: isQuiet) else {
      throw .usage(nil, of: command)
    }
    let options = parsed.options.map {
      Given(row: names[$0.index].row, isShort: $0.isShort, value: $0.value)
    }
    return (options, parsed.positionals)
  }

  /// The row of `option`.
  func row(of option: Key) -> OptionDescription<Key>? { rows.first { $0.option == option } }

  /// What `--help`, a manual page and completion tell.
  var texts: [(title: String, options: [OptionText])] {
    sections.map { ($0.title, $0.rows.map(\.text)) }
  }
}
