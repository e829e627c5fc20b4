internal import ByteCoding
internal import CLinux
internal import CLibrary

/// An option for `getopt_long`.
package struct OptionShape: Sendable {
  /// The long name, without dashes, if there is one.
  package let long: String?
  /// The letter, if there is one.
  package let short: Character?
  /// Whether a value follows.
  package let takesValue: Bool

  /// An option `--long`, `-short`, or both.
  package init(long: String?, short: Character? = nil, takesValue: Bool = false) {
    self.long = long
    self.short = short
    self.takesValue = takesValue
  }
}

/// A parsed argument list.
package struct ParsedArguments: Equatable, Sendable {
  /// One option that was given.
  package struct Option: Equatable, Sendable {
    /// Its index in the list of shapes.
    package let index: Int
    /// Whether it was given by its letter.
    package let isShort: Bool
    /// Its value, if it takes one.
    package let value: String?
    /// Whether the value is an argument of its own.
    package let isValueApart: Bool
  }

  /// The options, in the order given.
  package var options: [Option] = []
  /// The arguments that are not options.
  package var positionals: [String] = []
}

/// Why an argument list cannot be parsed.
package enum OptionFault: Error, Sendable {
  /// There is no such long option. It is written as given, without a value.
  case unknown(String)
  /// There is no such letter. `word` is the argument that has it.
  case unknownLetter(String, word: String)
  /// The beginning of several long names.
  case ambiguous(String, [String])
  /// The option, by its name or its letter with dashes, lacks its value.
  case noValue(String)
  /// The option, by its long name with dashes, takes no value.
  case needlessValue(String)
}

/// The C library's option parser, whose exact behaviour users' scripts rely on: abbreviations,
/// options behind positionals, `--x=v` and `--x v`. Corresponds to `getopt_long`.
package enum OptionParser {
  /// Parses `arguments`, the first of which is the program's name.
  ///
  /// `getopt_long` keeps its state in global variables, so only one call at a time is possible.
  ///
  /// - Throws: for an option that is unknown, ambiguous, lacks its value or takes none. Nothing is printed.
  package static func parse(
    _ arguments: [String], _ shapes: [OptionShape]
  ) throws(OptionFault) -> ParsedArguments {
    var words: [UnsafeMutablePointer<CChar>?] =
      unsafe arguments.map { unsafe strdup($0.cBytes) } + [nil]
    let owned = unsafe words  // getopt_long reorders `words`
    let names = unsafe shapes.map { unsafe strdup($0.long ?? "") }
    defer { unsafe (owned + names).forEach { unsafe free($0) } }

    // The code of a long option is its index in the list, plus a number above all letters.
    let firstLong: Int32 = 256
    var longs: [option] = unsafe []
    for (index, shape) in shapes.enumerated() where shape.long != nil {
      unsafe longs.append(
        option(
          name: UnsafePointer(names[index]), has_arg: shape.takesValue ? 1 : 0, flag: nil,
          val: firstLong + Int32(index)))
    }
    unsafe longs.append(option())
    // Because of the colon in front, a missing value has a code of its own.
    let letters =
      ":"
      + shapes.compactMap { shape in
        shape.short.map { String($0) + (shape.takesValue ? ":" : "") }
      }.joined()

    clinux_getopt_start()
    var parsed = ParsedArguments()
    while true {
      let code = unsafe getopt_long(Int32(arguments.count), &words, letters, longs, nil)
      if code == -1 { break }
      let isShort = code < firstLong
      let found =
        isShort
        ? shapes.firstIndex { $0.short?.asciiValue.map(Int32.init) == code }
        : Int(code - firstLong)
      guard code != missingValue, code != unknownOption, let index = found else {
        let place = Int(clinux_getopt_position())
        let (last, next) = unsafe (words[place - 1], words[place])
        throw unsafe fault(
          isMissingValue: code == missingValue, culprit: clinux_getopt_culprit(),
          last: last.map { unsafe String(lossless: $0) } ?? "",
          next: next.map { unsafe String(lossless: $0) } ?? "", shapes, firstLong: firstLong)
      }
      let value = unsafe shapes[index].takesValue ? clinux_getopt_value() : nil
      let last = unsafe words[Int(clinux_getopt_position()) - 1]
      parsed.options.append(
        unsafe .init(
          index: index, isShort: isShort, value: value.map { unsafe String(lossless: $0) },
          isValueApart: value.map { unsafe UnsafePointer(last) == $0 } ?? false))
    }
    for index in Int(clinux_getopt_position())..<arguments.count {
      if let word = unsafe words[index] { unsafe parsed.positionals.append(String(lossless: word)) }
    }
    return parsed
  }

  /// What `getopt_long` returns for a missing value, and for an unknown option.
  private static let (missingValue, unknownOption) = (Int32(0x3A), Int32(0x3F))

  /// What is wrong with an option. `culprit` is C's `optopt`: a letter, a long option's number, or 0 for a
  /// long name that is unknown. `last` is the argument before the parser's position, which is the option; if
  /// other letters follow the letter in its argument, the option is in `next`.
  private static func fault(
    isMissingValue: Bool, culprit: Int32, last: String, next: String, _ shapes: [OptionShape],
    firstLong: Int32
  ) -> OptionFault {
    let name = String(last.prefix { $0 != "=" })
    if culprit >= firstLong {
      let long = "--" + (shapes[Int(culprit - firstLong)].long ?? "")
      return isMissingValue ? .noValue(long) : .needlessValue(long)
    }
    if culprit == 0 {
      let matching = shapes.compactMap { $0.long.map { "--" + $0 } }.filter { $0.hasPrefix(name) }
      return matching.count > 1 ? .ambiguous(name, matching) : .unknown(name)
    }
    // Of a letter of several bytes, `optopt` has only the first one.
    let letter = UInt8(exactly: culprit).flatMap { $0 < 0x80 ? String(Unicode.Scalar($0)) : nil }
    if isMissingValue { return .noValue("-\(letter ?? "?")") }
    let isInNext =
      next.hasPrefix("-")
      && letter.map { !last.hasSuffix($0) } ?? next.utf8.contains { $0 >= 0x80 }
    let word = isInNext ? next : last
    return .unknownLetter(letter ?? String(word.dropFirst()), word: word)
  }
}
