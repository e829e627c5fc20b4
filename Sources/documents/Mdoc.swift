/// Text as mdoc(7) has it: a line for each macro.
///
/// Prose marks with backticks what is typed or read literally: options, files, words. Words in capitals that
/// stand for a value, and names of manual pages such as `kexec_load(2)`, are recognised by themselves.
struct Mdoc {
  /// Words that stand for a value.
  let placeholders: Set<String>

  /// `text`, with a new line for every macro.
  func text(_ text: String) throws(DocumentError) -> String {
    var lines: [String] = []
    var words: [String] = []
    for word in try Self.words(text) {
      guard let macro = try macro(word) else {
        words.append(word)
        continue
      }
      lines += Self.filled(words)
      words = []
      lines.append("." + macro)
    }
    return (lines + Self.filled(words)).joined(separator: "\n")
  }

  func blocks(_ text: Prose.Text) throws(DocumentError) -> [String] {
    var lines: [String] = []
    for (index, block) in text.blocks.enumerated() {
      switch block {
      case .paragraph(let paragraph):
        if index > 0 { lines.append(".Pp") }
        lines.append(try self.text(paragraph))
      case .list(let items):
        lines.append(".Bl -bullet -compact")
        for item in items { lines += [".It", try self.text(item)] }
        lines.append(".El")
      case .code(let code):
        lines.append(".Bd -literal -offset indent")
        lines += code.map { Self.escaped(Self.literal($0)) }
        lines.append(".Ed")
      }
    }
    return lines
  }

  /// How an option is written: `Fl l , Fl \\-load`.
  func spelling(_ option: OptionForm) -> String {
    let letter = option.letter.map { ["Fl \($0)"] } ?? []
    if option.names.isEmpty {
      return letter.joined() + (option.value.map { " " + self.value($0) } ?? "")
    }
    let value = option.value.map { " Ns = Ns " + self.value($0) } ?? ""
    let names = option.names.map { "Fl \(Self.argument("-" + $0))\(value)" }
    return (letter + names).joined(separator: " , ")
  }

  /// A line of a synopsis, such as `kexec -l KERNEL [--initrd=FILE]`: a macro for each part.
  func synopsis(_ line: String) throws(DocumentError) -> [String] {
    var macros: [String] = []
    var rest = line.split(separator: " ").map(String.init)[...]
    while let first = rest.popFirst() {
      var group = [first]
      if first.hasPrefix("[") {
        while !group[group.count - 1].hasSuffix("]"), let next = rest.popFirst() {
          group.append(next)
        }
        group[0].removeFirst()
        group[group.count - 1].removeLast()
      }
      var macro = first.hasPrefix("[") ? ".Op" : "."
      for word in group {
        macro += (macro == "." ? "" : " ") + (word == "|" ? "|" : try typed(word))
      }
      macros.append(macro)
    }
    return macros
  }

  /// The value of an option: one in capitals stands for something, others are typed.
  private func value(_ text: String) -> String {
    let words = text.split(separator: " ").map(String.init)
    var macro = (placeholders.contains(words[0]) ? "Ar " : "Cm ") + words[0]
    for word in words.dropFirst() {
      macro += word.hasPrefix("[") ? " Op Ar ARG ..." : " " + word
    }
    return macro
  }

  /// The macro for a word of prose; nil for plain text.
  private func macro(_ word: String) throws(DocumentError) -> String? {
    var core = word[...]
    let opening = String(core.prefix { $0 == "(" })
    core = core.dropFirst(opening.count)
    var closing = String(core.reversed().prefix { ".,:;)?!".contains($0) }.reversed())
    core = core.dropLast(closing.count)
    let content: String
    if core.hasPrefix("`") {
      guard core.count > 2, core.hasSuffix("`"), !core.dropFirst().dropLast().contains("`") else {
        throw DocumentError("this cannot be written as mdoc: \(word)")
      }
      content = try literalMacro(String(core.dropFirst().dropLast()))
    } else if core.hasPrefix("-"), core.count > 1, core.contains(where: { $0.isLetter }) {
      content = try typed(String(core))
    } else if placeholders.contains(String(core)) {
      content = "Ar " + core
    } else if core == "kexec_load" || core == "kexec_file_load" {
      content = "Xr \(core) 2"
    } else if let page = Self.page(core + closing) {
      content = "Xr \(page.name) \(page.section)"
      closing = page.rest
    } else if word.contains("`") {
      throw DocumentError("this cannot be written as mdoc: \(word)")
    } else {
      return nil
    }
    guard let (name, arguments) = content.parted(by: " ") else { return content }
    // Delimiters are words of their own; those in front stand behind the macro's name.
    return ([name] + opening.map(String.init) + [arguments] + closing.map(String.init))
      .joined(separator: " ")
  }

  /// What stands between backticks.
  private func literalMacro(_ text: String) throws(DocumentError) -> String {
    let words = text.split(separator: " ").map(String.init)
    let isTyped = words.allSatisfy { $0.hasPrefix("-") || placeholders.contains($0) }
    if isTyped || words[0] == "kexec" {
      var macros: [String] = []
      for word in words { macros.append(try typed(word)) }
      return macros.joined(separator: " ")
    }
    if words == ["kexec_load"] || words == ["kexec_file_load"] { return "Xr \(words[0]) 2" }
    let escaped = words.map(Self.argument).joined(separator: " ")
    return (text.hasPrefix("/") ? "Pa " : "Ql ") + escaped
  }

  /// The macro of a word that is typed in a shell.
  private func typed(_ word: String) throws(DocumentError) -> String {
    if word == "kexec" || word == "makedumpfile" { return "Nm " + word }
    if word == "..." { return "..." }
    if placeholders.contains(word) { return "Ar " + word }
    guard word.hasPrefix("-") else { return "Cm " + Self.argument(word) }
    guard let (name, value) = word.parted(by: "=") else {
      return "Fl " + Self.argument(String(word.dropFirst()))
    }
    let kind = placeholders.contains(value) ? "Ar " : "Cm "
    return "Fl \(Self.argument(String(name.dropFirst()))) Ns = Ns \(kind)\(Self.argument(value))"
  }

  /// `kexec_load(2)`: its name and section, and what follows.
  private static func page(_ word: String) -> (name: String, section: Character, rest: String)? {
    guard let (name, after) = word.parted(by: "("), !name.isEmpty, let section = after.first,
      section.isNumber, after.dropFirst().hasPrefix(")"),
      name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
    else { return nil }
    return (name, section, String(after.dropFirst(2)))
  }

  /// The words of prose; what stands between backticks is one.
  private static func words(_ text: String) throws(DocumentError) -> [String] {
    var words = [""]
    var isLiteral = false
    for character in text {
      if character == "`" { isLiteral.toggle() }
      if character == " ", !isLiteral {
        words.append("")
      } else {
        words[words.count - 1].append(character)
      }
    }
    if isLiteral { throw DocumentError("a backtick has no second one: \(text)") }
    return words.filter { !$0.isEmpty }
  }

  /// Lines of at most 78 characters; a sentence ends its line, as mdoc(7) wants it.
  private static func filled(_ words: [String]) -> [String] {
    var lines: [String] = []
    var isNew = true
    for word in words {
      if !isNew, let last = lines.last, last.count + 1 + word.count <= 78 {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(escaped(word))
      }
      isNew = [".", "?", "!", ".)"].contains { word.hasSuffix($0) } && !word.hasSuffix("...")
    }
    return lines
  }

  /// An argument of a macro, which is not to be taken for another macro or a delimiter.
  private static func argument(_ word: String) -> String {
    let isShort = word.count <= 3 && word.first?.isUppercase == true
    return (isShort || word.allSatisfy { ".,:;()?![]|".contains($0) } ? "\\&" : "") + literal(word)
  }

  /// Text that is typed as it stands: its characters are those of ASCII.
  private static func literal(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "\"": result += "\\(dq"
      case "~": result += "\\(ti"
      case "^": result += "\\(ha"
      default: result.append(character)
      }
    }
    return result
  }

  /// Text that does not begin a macro.
  private static func escaped(_ text: String) -> String {
    text.first == "." || text.first == "'" ? "\\&" + text : text
  }
}

/// How an option is written.
struct OptionForm {
  let letter: Character?
  let names: [String]
  let value: String?
}
