/// The text of a kernel command line, and its words as the kernel splits them.
package struct KernelCommandLine: Equatable, Sendable {
  /// The text, without a line end.
  package var text: String

  /// The command line `text`.
  package init(_ text: String) {
    self.text = text
  }

  /// The words: blanks separate them, except between double quotes, which may be anywhere.
  package var words: [Substring] {
    var words: [Substring] = []
    var start: String.Index?
    var isQuoted = false
    for index in text.indices {
      let character = text[index]
      if character == "\"" { isQuoted.toggle() }
      let isBlank = !isQuoted && (character == " " || character == "\t" || character == "\n")
      if isBlank, let begin = start {
        words.append(text[begin..<index])
        start = nil
      } else if !isBlank, start == nil {
        start = index
      }
    }
    if let start { words.append(text[start...]) }
    return words
  }

  /// The words that are for the kernel: all before a lone `--`.
  package var kernelWords: [Substring] {
    Array(words.prefix { $0 != "--" })
  }

  /// The value of the last `NAME=VALUE` among the kernel's words; the value is empty for a lone
  /// `NAME`, and nil when the name does not occur.
  package func value(of name: String) -> Substring? {
    for word in kernelWords.reversed() where Self.name(of: word) == name {
      return word.firstIndex(of: "=").map { word[word.index(after: $0)...] } ?? ""
    }
    return nil
  }

  /// The part of `word` before `=`. A quote may be before it, as in `"NAME=VALUE WITH BLANKS"`.
  private static func name(of word: Substring) -> Substring {
    word.drop { $0 == "\"" }.prefix { $0 != "=" && $0 != "\"" }
  }

  /// The line without the kernel's words whose names are in `names`. The others keep their order,
  /// repeats and blanks.
  package func removing(_ names: Set<String>) -> KernelCommandLine {
    var result = ""
    var position = text.startIndex
    for word in kernelWords {
      guard names.contains(String(Self.name(of: word))) else { continue }
      result += text[position..<word.startIndex]
      position = word.endIndex
      while position < text.endIndex, text[position] == " " {
        position = text.index(after: position)
      }
    }
    result += text[position...]
    return KernelCommandLine(result.trimmingBlanks())
  }
}

extension String {
  fileprivate func trimmingBlanks() -> String {
    var part = self[...].drop { $0 == " " || $0 == "\t" || $0 == "\n" }
    while let last = part.last, last == " " || last == "\t" || last == "\n" { part.removeLast() }
    return String(part)
  }
}
