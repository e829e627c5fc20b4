internal import ByteCoding
internal import KexecPlanning

/// The words of a command line as the shell made them, for what their look tells of a mistake: text that
/// was pasted from a web page, or a value without quotes, of which the shell has made several words.
struct ArgumentWords {
  /// All but the program's name.
  private let words: ArraySlice<String>

  /// The words of `arguments`, the first of which is the program's name.
  init(_ arguments: [String]) {
    words = arguments.dropFirst()
  }

  /// Refuses what was to be an option, and is none since it begins with another dash than `-`.
  func checkDashes(of positionals: [String]) throws(CommandError) {
    // Behind -- the user means a file.
    guard !words.contains("--") else { return }
    for word in positionals {
      guard let first = word.unicodeScalars.first.flatMap(PastedCharacter.init),
        first.kind == .dash || first.kind == .invisible
      else { continue }
      throw .usage("\(word): this is no option, since it does not begin with a plain -")
    }
  }

  /// The error of the option parser, with its cause where an option has a character that only looks
  /// right.
  func explaining(_ error: CommandError) -> CommandError {
    let options = words.prefix { $0 != "--" }.filter { $0.hasPrefix("-") }
    let name = options.lazy.compactMap { PastedCharacter(in: $0.prefix { $0 != "=" }) }.first
    return name.map { error.advising($0.advice) } ?? error
  }

  /// The error about `kernels`, of which there are too many, with its cause if that can be told.
  func explaining(_ error: CommandError, kernels: [String]) -> CommandError {
    // A quote or dash that the message shows comes first: it is why there are so many words.
    if let character = PastedCharacter(in: kernels.joined(separator: " ")) {
      return error.advising(character.advice)
    }
    if let word = words.first(where: { $0.holds("$(") || $0.holds("`") }) {
      return error.advising(
        "\(word): no shell has put anything in the place of $(...), as in a unit of systemd")
    }
    if let (word, option) = loneWord(among: kernels) {
      return error.advising(Self.advice(word, behind: option))
    }
    if let word = kernels.first(where: \.isParameter) {
      return error.advising(
        "\(word) is a word of a command line: give them as --append=\"...\", all in one pair of quotes"
      )
    }
    let folders = Set(kernels.map { $0.prefix(upTo: $0.lastIndex(of: "/") ?? $0.startIndex) })
    if folders.count == 1, folders.first?.isEmpty == false {
      return error.advising("a pattern or $(...) without quotes gives several words: give one")
    }
    return error
  }

  /// Why `kernel`, the only word that is no option, is none: a word of a value without quotes.
  func causeOfLoneWord(_ kernel: String) -> String? {
    guard kernel.isParameter, let (word, option) = loneWord(among: [kernel]) else { return nil }
    return Self.advice(word, behind: option)
  }

  private static func advice(_ word: String, behind option: String) -> String {
    "\(word) stands alone behind \(option): put the whole value in quotes, as in "
      + "--append=\"$(cat /proc/cmdline)\""
  }

  /// The first of `kernels` that stands behind an option whose value goes on there, and that option.
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

  /// Whether this is an option whose value may have blanks, perhaps abbreviated.
  fileprivate var isOptionWithText: Bool {
    let name = prefix { $0 != "=" }
    guard name.count > 3 else { return false }
    return ["--append", "--command-line", "--module"].contains { $0.hasPrefix(name) }
  }
}
