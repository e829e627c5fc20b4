/// A place in the kernel's code as the log names it.
package struct CodePlace: Equatable, Sendable {
  /// `function+0x1f/0x20`, or an address.
  package let text: String
  /// The module that the function is in; nil for the kernel itself.
  package let module: String?
  /// False where the processor did not report exactly where it was: a machine check.
  package var isExact = true

  /// Reads `function+0x1/0x2 [module]` at the start of `text`, or an address if that is allowed.
  init?(_ text: LogBytes, orAddress: Bool = false) {
    var rest = text.trimmed
    // `[<ffffffff81e162ed>] ` once or twice, as before 4.10.
    while rest.begins("[<"), let end = rest.position(of: ">]") { rest = rest[(end + 2)...].trimmed }
    let word = rest.words.first ?? rest
    guard
      word.isCode || (orAddress && word.begins("0x") && word.dropFirst(2).leadingHexadecimal != nil)
    else { return nil }
    self.text = word.text
    // Other words in brackets are no modules; a build ID may follow a module's name.
    let next = rest[word.endIndex...].trimmed
    let inside = next.first == 0x5B ? next.dropFirst().until("]") : []
    module = inside.words.first?.text
  }

  /// Reads `function (file.c:12)`, what scripts make of a log with the kernel's source.
  init?(decoded text: LogBytes) {
    let words = text.words
    guard words.count > 1, words[0].allSatisfy({ $0.isOfName }), words[1].first == 0x28,
      words[1].holds(":")
    else { return nil }
    self.text = words[0].text
    module = nil
  }

  /// What a line with a processor's registers says about where it was: a place, nothing because it was not in the
  /// kernel, or nil if the line is something else.
  enum Line {
    case kernel(CodePlace)
    case user
    /// An older line that says the same less well.
    case hint(CodePlace)
  }

  /// Reads such a line of any processor.
  static func line(_ message: LogBytes) -> Line? {
    if let rest = message.after(start: "RIP: ") ?? message.after(start: "EIP: ") {
      // `0010:`: the lowest bits of the code segment are the privilege level.
      let segment = rest.prefix { $0 != 0x3A }
      guard segment.count == 4, let number = segment.leadingHexadecimal, segment.count < rest.count
      else {
        return CodePlace(rest).map { .kernel($0) }
      }
      if number & 3 == 3 { return .user }
      let place = rest.dropFirst(5)
      return (CodePlace(place, orAddress: true) ?? CodePlace(decoded: place)).map { .kernel($0) }
    }
    for start in ["pc : ", "PC is at ", "epc : ", "EIP is at "] {
      if let place = message.after(start: start).flatMap({ CodePlace($0) }) {
        return .kernel(place)
      }
    }
    if message.begins("NIP ["), let end = message.position(of: "] ") {
      return CodePlace(message[(end + 2)...]).map { .kernel($0) }
    }
    if let rest = message.after(start: "IP: ") { return CodePlace(rest).map { .hint($0) } }
    return nil
  }

  /// Reads the line of a machine check: `RIP 10:<ffffffff81e8f6ff> {function+0xf/0x20}`, or `RIP !INEXACT! …`.
  static func machineCheckLine(_ message: LogBytes) -> CodePlace? {
    guard let rest = message.after("[Hardware Error]: RIP ") else { return nil }
    guard let inside = rest.after("{"), var place = CodePlace(inside.until("}")) else { return nil }
    place.isExact = !rest.begins("!INEXACT!")
    return place
  }
}

extension CodePlace {
  /// A line of a call trace, and whether the kernel is sure of it ("?" stands before others).
  static func frame(_ message: LogBytes) -> (place: CodePlace, isSure: Bool)? {
    var rest = message
    // `<NMI>` and the like may stand in the line of the first function.
    if rest.first == 0x3C, let end = rest.prefix(12).firstIndex(of: 0x3E) {
      rest = rest[(end + 1)...].trimmed
    }
    while rest.begins("[<"), let end = rest.position(of: ">]") { rest = rest[(end + 2)...].trimmed }
    let doubt = rest.after(start: "? ")
    guard let place = CodePlace(doubt ?? rest) else { return nil }
    return (place, doubt == nil)
  }

  /// Whether the function only reports: it is in the call trace of every panic or warning.
  var isReporting: Bool {
    let names = [
      "dump_stack", "__dump_stack", "show_stack", "panic", "vpanic", "nmi_panic", "__warn",
      "warn_slowpath", "report_bug", "dump_backtrace", "show_regs", "print_report", "kasan_report",
      "__asan_", "print_address_description", "__kasan_", "__ubsan_", "ubsan_epilogue",
    ]
    let bytes = Array(text.utf8)[...]
    return names.contains { name in
      guard let rest = bytes.after(start: name) else { return false }
      return name.hasSuffix("_") || rest.first == 0x2B || rest.first == 0x2E || rest.first == 0x5F
    }
  }
}

extension LogBytes {
  /// Whether it is `name+0x1f/0x20`.
  fileprivate var isCode: Bool {
    guard let plus = position(of: "+0x"), plus > startIndex,
      self[..<plus].allSatisfy({ $0.isOfName })
    else { return false }
    let offset = self[(plus + 3)...]
    let rest = offset.drop { $0.hexadecimalDigit != nil }
    guard rest.count < offset.count, let size = rest.after(start: "/0x") else { return false }
    return !size.isEmpty && size.allSatisfy { $0.hexadecimalDigit != nil }
  }
}
