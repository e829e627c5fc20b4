/// The text of a kernel command line, and its words as the kernel splits them.
package struct KernelCommandLine: Equatable, Sendable {
  /// The text, without a line end.
  package var text: String

  /// The command line `text`.
  package init(_ text: String) {
    self.text = text
  }

  /// The words: blanks separate them, except between double quotes, which may be anywhere.
  ///
  /// The kernel sees bytes, so this does too: to Swift a blank and an accent behind it are one
  /// `Character`, and so are the two bytes of a DOS line end.
  package var words: [Substring] {
    var words: [Substring] = []
    var start: String.Index?
    var isQuoted = false
    for index in text.utf8.indices {
      let byte = text.utf8[index]
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      let isBlank = !isQuoted && byte.isBlank
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
    for word in kernelWords.reversed() where Self.name(of: word).elementsEqual(name.utf8) {
      let value = word.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst()
      return Substring(value)
    }
    return nil
  }

  /// The part of `word` before `=`. A quote may be before it, as in `"NAME=VALUE WITH BLANKS"`.
  private static func name(of word: Substring) -> Substring.UTF8View {
    let quote = UInt8(ascii: "\"")
    return word.utf8.drop { $0 == quote }.prefix { $0 != UInt8(ascii: "=") && $0 != quote }
  }

  /// The line without the kernel's words whose names are in `names`. The others keep their order,
  /// repeats and blanks.
  package func removing(_ names: Set<String>) -> KernelCommandLine {
    let bytes = text.utf8
    var result = ""
    var position = bytes.startIndex
    for word in kernelWords {
      let name = Self.name(of: word)
      guard names.contains(where: { $0.utf8.elementsEqual(name) }) else { continue }
      result += text[position..<word.startIndex]
      position = word.endIndex
      while position < bytes.endIndex, bytes[position] == UInt8(ascii: " ") {
        position = bytes.index(after: position)
      }
    }
    result += text[position...]
    return KernelCommandLine(result.trimmingBlanks())
  }
}

extension String {
  fileprivate func trimmingBlanks() -> String {
    var part = utf8.drop(while: \.isBlank)
    while let last = part.last, last.isBlank { part.removeLast() }
    return String(Substring(part))
  }
}

extension UInt8 {
  /// Whether the byte is a blank, a tab or a line end.
  fileprivate var isBlank: Bool {
    self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\n")
  }
}
