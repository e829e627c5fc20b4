/// The text of `--help`.
func helpText() -> String {
  var text = """
    Usage: kexec [OPTION]... [KERNEL]
    Boots into another Linux kernel without going through firmware.

    """
  for (section, rows) in OptionDescription.sections {
    text += "\n\(section.rawValue):\n"
    for description in rows {
      let short = description.short.map { "-\($0), " } ?? "    "
      let value = description.value.map { "=\($0)" } ?? ""
      let names = description.long.map { "--\($0)\(value)" }.joined(separator: ", ")
      let left = "  \(short)\(names)"
      var lines = wrapped(description.help, width: 70)
      // Names that reach into the help's column get a line of their own.
      if left.count >= 30 { lines.insert("", at: 0) }
      for (index, line) in lines.enumerated() {
        let start = index == 0 ? left : ""
        let padding = line.isEmpty ? 0 : 30 - start.count
        text += start + String(repeating: " ", count: padding) + line + "\n"
      }
    }
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
