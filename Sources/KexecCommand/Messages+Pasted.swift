internal import ByteCoding
internal import KexecPlanning

// Sentences about pasted characters: what a character is, and which one was meant.

extension PastedCharacter {
  /// The character by name, as in `"–", an en dash (U+2013)`.
  var text: String {
    let code = String(scalar.value, radix: 16).asciiUppercased
    let number = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
    switch kind {
    case .space, .invisible: return "\(name) (\(number))"
    case .dash, .quote: return "\u{22}\(scalar)\u{22}, \(name) (\(number))"
    }
  }

  /// What to do about it.
  var advice: String {
    let meant =
      switch kind {
      case .dash: "type a plain - there"
      case .quote: "type a plain quote (\" or ') there"
      case .space: "type a plain space there"
      case .invisible: "type the word again"
      }
    return "there is \(text), as word processors and web pages write it: \(meant)"
  }

  private var name: String {
    switch scalar.value {
    case 0x2010: "a typographic hyphen"
    case 0x2011: "a non-breaking hyphen"
    case 0x2013: "an en dash"
    case 0x2014: "an em dash"
    case 0x2212: "a minus sign"
    case 0x00A0, 0x202F: "a non-breaking space"
    default:
      switch kind {
      case .dash: "a dash other than -"
      case .quote: "a curly quote"
      case .space: "a space other than a plain one"
      case .invisible: "an invisible character"
      }
    }
  }
}

extension CommandError {
  /// What to do about a usage error with this `message`.
  static func usageAdvice(_ message: String, of command: String) -> String {
    PastedCharacter(in: message)?.advice ?? "\(command) --help lists the options"
  }
}
