internal import ByteCoding
internal import KexecPlanning
internal import LinuxSystem

// The sentences of usage errors: what is wrong, and what was probably meant.

/// A name from the user or a file, in quotes, with control characters made visible. It stays one
/// line.
func quoted(_ name: String) -> String {
  var text = "\""
  for scalar in name.unicodeScalars {
    if scalar.value < 0x20 || scalar.value == 0x7F {
      text += "\\x" + hexadecimal([UInt8(scalar.value)])
    } else {
      if scalar == "\"" { text += "\\" }
      text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}

/// An option with its value, as it was typed. The value is in quotes if it contains anything
/// unusual.
func typed(_ option: String, _ value: String, isShort: Bool = false) -> String {
  if value.isEmpty { return "\(option): its value is empty" }
  let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x7F }
  return "\(option)\(isShort ? " " : "=")\(isPlain ? value : quoted(value))"
}

extension CommandError {
  /// The error for `fault` in an argument list with the options in `texts`.
  init(_ fault: OptionFault, among texts: [OptionText], of command: String) {
    let names = texts.flatMap { $0.long }.map { "--" + $0 }
    var message: String
    var hint: String?
    switch fault {
    case .unknown(let name):
      message = "unrecognized option '" + name + "'"
      hint = nearestName(to: name, among: names).map(Self.meaning)
      for option in ["--load-live-update", "--exec-live-update"]
      where name.utf8.count > 6 && option.hasPrefix(name) {
        message = option + ": a live update of Xen is not supported"
        hint = "kexec-tools built with Xen's libraries has it"
      }
    case .unknownLetter(let letter, let word):
      message = "invalid option -- '" + letter + "'"
      for text in texts {
        guard let short = text.short.map(String.init), short != letter,
          short.asciiLowercased == letter.asciiLowercased
        else { continue }
        hint = Self.meaning("-" + short)
      }
      if word.utf8.count > 2,
        let long = nearestName(to: "-" + String(word.prefix { $0 != "=" }), among: names)
      {
        hint = "long options begin with two dashes: " + Self.meaning(long)
      }
    case .ambiguous(let name, let matching):
      message = "option '" + name + "' is ambiguous; possibilities:"
      for name in matching { message += " '" + name + "'" }
    case .noValue(let name):
      message =
        name.hasPrefix("--")
        ? "option '" + name + "' requires an argument"
        : "option requires an argument -- '" + String(name.dropFirst()) + "'"
    case .needlessValue(let name): message = "option '" + name + "' doesn't allow an argument"
    }
    self = .usage(message, of: command)
    if let hint { advice = hint }
  }

  private static func meaning(_ option: String) -> String { "did you mean " + option + "?" }
}
