/// The text of `--help`.
func helpText() -> String {
  var text = """
    Usage: kexec [OPTION]... [KERNEL]
    Boots into another Linux kernel without going through firmware.

    """
  text += optionList(Option.table.texts)
  text += "\nCommands (kexec COMMAND --help lists the options of one):\n"
  for word in CommandWord.allCases {
    let (summary, needsRoot) = word.summary
    text += row("  \(word.rawValue)", needsRoot ? summary : "\(summary); works without root")
  }
  return text
}

/// The text of `--help` of a command.
func helpText(of word: CommandWord) -> String {
  let (summary, needsRoot) = word.summary
  let text = """
    Usage: \(word.name) [OPTION]...
    To \(summary). It \(needsRoot ? "needs" : "works without") root.

    """
  return text + optionList(word.options)
}

private func optionList(_ sections: [(title: String, options: [OptionText])]) -> String {
  var text = ""
  for (title, options) in sections {
    text += "\n\(title):\n"
    for option in options {
      let short = option.short.map { "-\($0), " } ?? "    "
      let value = option.value.map { "=\($0)" } ?? ""
      let names = option.long.map { "--\($0)\(value)" }.joined(separator: ", ")
      text += row("  \(short)\(names)", option.help)
    }
  }
  return text
}

/// What something is called, and beside it what it is for.
private func row(_ left: String, _ help: String) -> String {
  var lines = wrapped(help, width: 80 - 30)
  // Names that reach into the help's column get a line of their own.
  if left.count >= 30 { lines.insert("", at: 0) }
  var text = ""
  for (index, line) in lines.enumerated() {
    let start = index == 0 ? left : ""
    let padding = line.isEmpty ? 0 : 30 - start.count
    text += start + String(repeating: " ", count: padding) + line + "\n"
  }
  return text
}

/// The words of `text` in lines of at most `width` characters.
private func wrapped(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  for word in text.split(separator: " ") {
    if let last = lines.last, last.count + 1 + word.count <= width {
      lines[lines.count - 1] += " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
