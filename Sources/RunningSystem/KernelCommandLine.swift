internal import ByteCoding
package import LinuxSystem

/// The text of a kernel command line, and its words as the kernel splits them.
package struct KernelCommandLine: Equatable, Sendable {
  /// The text, without a line end.
  package var text: String

  /// The command line `text`.
  package init(_ text: String) {
    self.text = text
  }

  /// Reads `/proc/cmdline`, without the line end that the kernel adds; empty when it cannot be read.
  package init(in files: FileTree) {
    var bytes = (try? files.read("/proc/cmdline")) ?? []
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    self.init(String(lossless: bytes))
  }

  /// The words: spaces separate them, except between double quotes, which may be anywhere.
  ///
  /// The kernel sees bytes, so this does too: to Swift a space and an accent behind it are one
  /// `Character`, and so are the two bytes of a DOS line end.
  package var words: [Substring] {
    var words: [Substring] = []
    var start: String.Index?
    var isQuoted = false
    for index in text.utf8.indices {
      let byte = text.utf8[index]
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      let isSpace = !isQuoted && byte.isSpace
      if isSpace, let begin = start {
        words.append(text[begin..<index])
        start = nil
      } else if !isSpace, start == nil {
        start = index
      }
    }
    if let start { words.append(text[start...]) }
    return words
  }

  /// The words for the kernel: all before a lone `--`.
  package var kernelWords: [Substring] {
    Array(words.prefix { $0 != "--" })
  }

  /// The value of the last `NAME=VALUE` among the kernel's words; the value is empty for a lone
  /// `NAME`, and nil when the name does not occur.
  package func value(of name: String) -> Substring? { values(of: name).last }

  /// The values of all words `NAME=VALUE`, in order.
  package func values(of name: String) -> [Substring] {
    words(named: name).map { word in
      let value = word.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst()
      let isWhollyQuoted = word.utf8.first == UInt8(ascii: "\"")
      return Substring(
        isWhollyQuoted && value.last == UInt8(ascii: "\"") ? value.dropLast() : value)
    }
  }

  /// Whether the last of the words `NAME=on` and `NAME=off` is on; nil without any. The kernel ignores
  /// other values. kstrtobool.
  package func isOn(_ name: String) -> Bool? {
    values(of: name).compactMap { value -> Bool? in
      let start = Array(value.asciiLowercased.utf8.prefix(2))
      switch start.first ?? 0 {
      case UInt8(ascii: "y"), UInt8(ascii: "t"), UInt8(ascii: "1"): return true
      case UInt8(ascii: "n"), UInt8(ascii: "f"), UInt8(ascii: "0"): return false
      default: return start == Array("on".utf8) ? true : start == Array("of".utf8) ? false : nil
      }
    }.last
  }

  /// The kernel's words called `name`, with or without a value, unchanged.
  package func words(named name: String) -> [Substring] {
    let name = name.canonicalName
    return kernelWords.filter { $0.parameterName == name }
  }

  /// Whether a quote is not closed, so that whatever comes behind it belongs to the same word.
  package var hasOpenQuote: Bool {
    !text.utf8.count { $0 == UInt8(ascii: "\"") }.isMultiple(of: 2)
  }

  /// The line with `word` as the last of the kernel's words: before a lone `--`. Behind an open quote
  /// it would not be a word of its own, so then it is the first.
  package func adding(_ word: String) -> KernelCommandLine {
    guard !hasOpenQuote else { return KernelCommandLine(word + " " + text) }
    guard let end = initMark?.startIndex else {
      return KernelCommandLine(text.isEmpty ? word : text + " " + word)
    }
    return KernelCommandLine(String(text[..<end]) + word + " " + String(text[end...]))
  }

  /// The line with the user's `words` behind those of the kernel: before a lone `--`, behind which they would
  /// be init's. If `words` have a `--` too, what follows it goes to the end of the line.
  ///
  /// Everything else stays unchanged, and there is one space before the words. If the line has an open quote,
  /// the words go to its end.
  package func appending(_ words: String) -> KernelCommandLine {
    guard !words.isEmpty, !text.isEmpty else { return KernelCommandLine(text + words) }
    let added = KernelCommandLine(words)
    guard !hasOpenQuote, !added.hasOpenQuote, let end = initMark?.startIndex else {
      return KernelCommandLine(text + " " + words)
    }
    let (forKernel, forInit) = (String(text[..<end]), String(text[end...]))
    guard let mark = added.initMark else {
      return KernelCommandLine(forKernel + words + " " + forInit)
    }
    // The space before the `--` of `words` comes before that of the line.
    return KernelCommandLine(
      forKernel + String(words[..<mark.startIndex]) + forInit + String(words[mark.endIndex...]))
  }

  /// The line without the kernel's words whose names are in `names`. With each word one space goes: the one
  /// behind it, or at the end of the line the one before it. Everything else stays byte for byte as it was,
  /// since measurements of the line depend on it.
  package func removing(_ names: Set<String>) -> KernelCommandLine {
    let names = Set(names.map { $0.canonicalName })
    let bytes = text.utf8
    var result = ""
    var position = bytes.startIndex
    for word in kernelWords {
      guard names.contains(word.parameterName) else { continue }
      result += text[position..<word.startIndex]
      position = word.endIndex
      if position < bytes.endIndex {
        position = bytes.index(after: position)
      } else if let last = result.utf8.last, last.isSpace {
        result = String(Substring(result.utf8.dropLast()))
      }
    }
    result += text[position...]
    return KernelCommandLine(result)
  }

  /// The lone `--` that ends the kernel's words.
  package var initMark: Substring? { words.first { $0 == "--" } }
}

extension Substring {
  /// The name of a word, as the kernel compares it: up to `=`, without the quote that a wholly
  /// quoted word starts with.
  fileprivate var parameterName: [UInt8] {
    let name = utf8.prefix { $0 != UInt8(ascii: "=") }
    let quote = UInt8(ascii: "\"")
    guard name.first == quote else { return Substring(name).canonicalName }
    return Substring(name.dropFirst().prefix { $0 != quote }).canonicalName
  }
}

extension StringProtocol {
  /// "Dashes and underscores in parameter names are the same":
  /// Documentation/admin-guide/kernel-parameters.rst.
  fileprivate var canonicalName: [UInt8] {
    utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
  }
}

extension UInt8 {
  /// Whether the byte is a space, a tab or a line end.
  fileprivate var isSpace: Bool {
    self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\n")
  }
}
