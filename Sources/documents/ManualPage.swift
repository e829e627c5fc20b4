@testable import KexecCommand

/// A manual page in mdoc(7): the options of a table, with the prose beside them.
struct ManualPage {
  /// A section of the page's options.
  typealias Section = (title: String, options: [OptionText])

  /// What the pages are of: kexec, one of its commands, or the program under another name.
  enum Subject: CaseIterable {
    case program
    case command(CommandWord)
    case makedumpfile

    static var allCases: [Subject] {
      [.program] + CommandWord.allCases.map { .command($0) } + [.makedumpfile]
    }

    /// The page's name, and that of its prose.
    var name: String {
      switch self {
      case .program: "kexec"
      case .command(let word): "kexec-\(word.rawValue)"
      case .makedumpfile: MakedumpfileInvocation.name
      }
    }

    var options: [Section] {
      switch self {
      case .program: Option.table.texts
      case .command(let word): word.options
      case .makedumpfile: MakedumpfileOption.table.texts
      }
    }

    /// Words that stand for what is not the value of an option.
    fileprivate var placeholders: [String] {
      switch self {
      case .makedumpfile: ["VMCORE", "DUMPFILE", "LOGFILE", "OPTION"]
      default: ["KERNEL", "OPTION", "COMMAND"]
      }
    }
  }

  let subject: Subject
  let prose: Prose
  /// What is said of the options that all commands share, unless the page says something else.
  let shared: Prose
  /// Such as `November 27, 2026`.
  let date: String

  static let optionsTitle = "Options"
  /// The sections in the order that mdoc(7) gives them, each with the macro of its terms.
  private static let titles: [(title: String, term: String)] = [
    ("Description", ""), (optionsTitle, ""), ("Environment", "Ev "), ("Files", "Pa "),
    ("Exit status", ""), ("Examples", ""), ("Differences from kexec-tools", ""),
    ("Differences from makedumpfile", ""), ("See also", ""), ("Caveats", ""), ("Bugs", ""),
  ]

  /// What is wrong with the prose: options that it does not explain, or that there are not, and sections.
  var faults: [String] {
    let options = subject.options.flatMap { $0.options }
    let known = Set(options.map { $0.name })
    let own = prose.section(Self.optionsTitle)?.entries ?? []
    let common = shared.section(Self.optionsTitle)?.entries ?? []
    let explained = own + common
    var faults: [String] = []
    for option in options {
      let text = explained.first { $0.term == option.name }?.text ?? Prose.Text()
      if text.blocks.isEmpty { faults.append("\(prose.name): \(option.name) has no prose") }
    }
    let names = own.map { $0.term }
    for (place, name) in names.enumerated() {
      if !known.contains(name) { faults.append("\(prose.name): there is no option \(name)") }
      if names[..<place].contains(name) {
        faults.append("\(prose.name): \(name) is explained twice")
      }
    }
    for name in common.map({ $0.term })
    where !CommonOption.allCases.contains(where: { $0.text.name == name }) {
      faults.append("\(shared.name): \(name) is not an option that all commands share")
    }
    for section in prose.sections {
      if section.title != "Synopsis", !Self.titles.contains(where: { $0.title == section.title }) {
        faults.append("\(prose.name): no manual page has a section \"\(section.title)\"")
      }
    }
    if prose.name != subject.name { faults.append("\(prose.name): it is of \(subject.name)") }
    return faults
  }

  /// The page.
  func text() throws(DocumentError) -> String {
    if let fault = faults.first { throw DocumentError(fault) }
    var lines = [
      ".\\\" Made by script/documents from the tables of options and docs/man: change those.",
      ".Dd \(date)", ".Dt \(subject.name.uppercased()) 8", ".Os kexec \(productVersion)",
      ".Sh NAME", ".Nm \(subject.name)", ".Nd \(prose.summary)", ".Sh SYNOPSIS",
    ]
    lines += try synopsis()
    for (title, term) in Self.titles {
      if title == Self.optionsTitle {
        lines.append(".Sh OPTIONS")
        lines += try options()
      } else if let section = prose.section(title) {
        lines.append(".Sh \(title.uppercased())")
        lines += try entries(section, term)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var mdoc: Mdoc {
    let words = subject.options.flatMap { $0.options }.compactMap { $0.value }
    let values = words.flatMap { $0.split(separator: " ") }.filter { $0.allSatisfy(\.isUppercase) }
    return Mdoc(placeholders: Set(values.map(String.init) + subject.placeholders))
  }

  /// The ways to write a command line: those of the prose, or else all options of the table.
  private func synopsis() throws(DocumentError) -> [String] {
    var lines: [String] = []
    if let section = prose.section("Synopsis") {
      for case .code(let code) in section.text.blocks {
        for line in code { lines += try mdoc.synopsis(line) }
      }
    } else if case .command(let word) = subject {
      lines += [".Nm kexec", ".Cm \(word.rawValue)"]
      for option in subject.options.flatMap({ $0.options }) {
        let value = option.value.map { "=\($0)" } ?? ""
        let name = option.short.map { "-\($0)" } ?? option.name + value
        lines += try mdoc.synopsis("[\(name)]")
      }
    }
    return lines
  }

  private func options() throws(DocumentError) -> [String] {
    var lines = try mdoc.blocks(prose.section(Self.optionsTitle)?.text ?? Prose.Text())
    let explained =
      (prose.section(Self.optionsTitle)?.entries ?? [])
      + (shared.section(Self.optionsTitle)?.entries ?? [])
    for (title, options) in subject.options {
      lines += [".Ss \(title)", ".Bl -tag -width Ds"]
      for option in options {
        lines.append(
          ".It "
            + mdoc.spelling(
              OptionForm(letter: option.short, names: option.long, value: option.value)))
        lines.append(try mdoc.text(option.help.asSentence))
        guard let text = explained.first(where: { $0.term == option.name })?.text else { continue }
        lines += try mdoc.blocks(text)
      }
      lines.append(".El")
    }
    return lines
  }

  /// A section with its entries: terms of a list, or with parts of their own where `term` is empty.
  private func entries(
    _ section: Prose.Section, _ term: String
  ) throws(DocumentError) -> [String] {
    var lines = try mdoc.blocks(section.text)
    guard !section.entries.isEmpty else { return lines }
    let isList = !term.isEmpty || section.entries.allSatisfy { Int($0.term) != nil }
    if isList { lines.append(".Bl -tag -width Ds") }
    for entry in section.entries {
      lines.append(isList ? ".It \(term)\(entry.term)" : ".Ss \(entry.term)")
      lines += try mdoc.blocks(entry.text)
    }
    if isList { lines.append(".El") }
    return lines
  }
}

extension String {
  /// A text of the table of options as a sentence.
  fileprivate var asSentence: String {
    let word = prefix { $0 != " " }
    let isName = word.contains("_") || word.hasPrefix("-")
    return (isName ? self : prefix(1).uppercased() + dropFirst()) + (hasSuffix(".") ? "" : ".")
  }
}
