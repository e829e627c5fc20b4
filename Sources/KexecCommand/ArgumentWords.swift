internal import ByteCoding
internal import KexecPlanning

/// The words of a command line as the shell split them. They show two mistakes: text pasted from a
/// web page, and a value without quotes, which the shell split into several words.
struct ArgumentWords {
  /// All words except the program's name.
  private let words: ArraySlice<String>

  /// The words of `arguments`, the first of which is the program's name.
  init(_ arguments: [String]) {
    words = arguments.dropFirst()
  }

  /// Refuses a word that was meant as an option but begins with another dash than `-`.
  func checkDashes(of positionals: [String]) throws(CommandError) {
    // A word after -- is a file.
    guard !words.contains("--") else { return }
    for word in positionals {
      guard let first = word.unicodeScalars.first.flatMap(PastedCharacter.init),
        first.kind == .dash || first.kind == .invisible
      else { continue }
      throw .usage(
        "\(quoted(word)): this is not an option, because it does not begin with a plain -")
    }
  }

  /// Refuses an option that has taken the next option as its value: the next option would have no
  /// effect.
  func checkValues(of given: GivenOptions) throws(CommandError) {
    for option in given.options where option.isValueApart {
      guard let value = option.value, value.hasPrefix("-") else { continue }
      for row in Option.table.rows {
        var isOption = row.short.map { "-\($0)" } == value
        for name in row.long where value == "--" + name { isOption = true }
        guard isOption else { continue }
        let name = Option.table.rows[option.row].name
        throw .usage("\(name) has no value: \(value) comes next").advising(
          "if \(value) is its value, write \(name)=\(value)")
      }
    }
  }

  /// The error when no word is the name of a kernel.
  func noKernel(_ given: GivenOptions, _ options: [Option]) -> CommandError {
    let error = CommandError.usage("no kernel was given", exitCode: .failure)
    guard let first = given.options.first, let last = given.options.last else { return error }
    if last.isValueApart, let value = last.value {
      return error.advising(
        "\(Option.table.rows[last.row].name) took \(quoted(value)) as its value: give the kernel as well"
      )
    }
    for option in options
    where option == .load || option == .loadPanic || option == .loadPreserveContext {
      guard let row = Option.table.row(of: option) else { continue }
      let written = row.short.map { "-\($0)" } ?? row.name
      return error.advising(
        "name the kernel: kexec \(written) KERNEL --initrd=INITRD --reuse-cmdline")
    }
    let option = Option.table.rows[first.row].option
    return error.advising("\(option.spelling) does nothing alone: use it with \(option.company)")
  }

  /// The error of the option parser, with advice if an option contains a character that only looks
  /// like the right one.
  func explaining(_ error: CommandError) -> CommandError {
    let options = words.prefix { $0 != "--" }.filter { $0.hasPrefix("-") }
    let name = options.lazy.compactMap { PastedCharacter(in: $0.prefix { $0 != "=" }) }.first
    return name.map { error.advising($0.advice) } ?? error
  }

  /// The error about `kernels`, of which there is more than one, with advice if the cause is known.
  func explaining(_ error: CommandError, kernels: [String]) -> CommandError {
    // A typographic quote or dash in the message is checked first: it is why there are so many
    // words.
    if let character = PastedCharacter(in: kernels.joined(separator: " ")) {
      return error.advising(character.advice)
    }
    if let word = words.first(where: { $0.holds("$(") || $0.holds("`") }) {
      return error.advising(
        "\(word): no shell has expanded $(...), for example in a systemd unit")
    }
    if let (word, option) = loneWord(among: kernels) {
      return error.advising(Self.advice(word, behind: option))
    }
    if kernels.contains("") {
      return error.advising(
        "an empty word (\"\") counts as an argument: it may come from an unset variable in quotes"
      )
    }
    if let word = kernels.first(where: { $0.isParameter }) {
      return error.advising(
        "\(word) is a kernel parameter: give all of them as --append=\"...\", in one pair of quotes"
      )
    }
    guard kernels.count > 1 else { return error }
    for kernel in kernels {
      let name = kernel.suffix(
        from: kernel.lastIndex(of: "/").map(kernel.index(after:)) ?? kernel.startIndex)
      guard name.hasPrefix("initrd") || name.hasPrefix("initramfs") else { continue }
      return error.advising("an initrd is given as --initrd=\(quoted(kernel))")
    }
    if let advice = adviceOnOptionWithoutDashes(kernels[0]) { return error.advising(advice) }
    let directories = Set(kernels.map { $0.prefix(upTo: $0.lastIndex(of: "/") ?? $0.startIndex) })
    if directories.count == 1, directories.first?.isEmpty == false {
      return error.advising("a pattern or $(...) without quotes may give several words: give one")
    }
    return error
  }

  /// Why `kernel`, the only word that is not an option, is not a kernel: it is a part of another
  /// option's value, which was not quoted. Nil if it may be a kernel.
  func causeOfLoneWord(_ kernel: String) -> String? {
    guard kernel.isParameter, let (word, option) = loneWord(among: [kernel]) else { return nil }
    return Self.advice(word, behind: option)
  }

  private static func advice(_ word: String, behind option: String) -> String {
    "\(word) is a separate word after \(option): put the whole value in quotes, as in "
      + "--append=\"$(cat /proc/cmdline)\""
  }

  /// The first of `kernels` that follows an option whose value it probably continues, and that
  /// option.
  private func loneWord(among kernels: [String]) -> (word: String, option: String)? {
    var option: String?
    var isValue = false
    for word in words {
      if word == "--" { return nil }
      if word.hasPrefix("-"), word.count > 1 {
        option = word.isOptionWithText ? word : nil
        isValue = option != nil && !word.contains("=")
      } else if isValue {
        option = option.map { $0 + " " + word }
        isValue = false
      } else if let option, kernels.contains(word), word.isParameter || !word.contains("/") {
        return (word, option)
      }
    }
    return nil
  }
}

extension CommandError {
  /// The same error with other advice.
  func advising(_ advice: String?) -> CommandError {
    var error = self
    error.advice = advice
    return error
  }
}

extension String {
  /// Whether this is a word of a kernel command line, `NAME=VALUE`, rather than a path.
  fileprivate var isParameter: Bool {
    guard let end = firstIndex(of: "=") else { return false }
    return end != startIndex && !self[..<end].contains("/")
  }

  /// Whether this is an option whose value may contain spaces, perhaps abbreviated.
  fileprivate var isOptionWithText: Bool {
    let name = prefix { $0 != "=" }
    guard name.count > 3 else { return false }
    return ["--append", "--command-line", "--module"].contains { $0.hasPrefix(name) }
  }
}
