internal import ByteCoding
internal import CLinux
internal import Glibc

/// An option as `getopt_long` knows it.
package struct OptionShape: Sendable {
  /// The long name, without dashes.
  package let long: String
  /// The letter, if there is one.
  package let short: Character?
  /// Whether a value follows.
  package let takesValue: Bool

  /// An option `--long`, perhaps also `-short`.
  package init(long: String, short: Character? = nil, takesValue: Bool = false) {
    self.long = long
    self.short = short
    self.takesValue = takesValue
  }
}

/// An argument list taken apart.
package struct ParsedArguments: Equatable, Sendable {
  /// One option that was given.
  package struct Option: Equatable, Sendable {
    /// Its place in the list of shapes.
    package let index: Int
    /// Whether it was given by its letter.
    package let isShort: Bool
    /// Its value, if it takes one.
    package let value: String?
  }

  /// The options, in the order given.
  package var options: [Option] = []
  /// All that is no option.
  package var positionals: [String] = []
}

/// The C library's option parser, whose exact behaviour users' scripts rely on: abbreviations,
/// options behind positionals, `--x=v` and `--x v`. Corresponds to `getopt_long`.
package enum OptionParser {
  /// Takes `arguments`, the first of which is the program's name, apart.
  ///
  /// `getopt_long` keeps its place in global variables: one call at a time.
  ///
  /// - Returns: nil when an option is unknown, ambiguous, or lacks its value; the C library has
  ///   then said so on the standard error stream, unless `isQuiet`.
  package static func parse(
    _ arguments: [String], _ shapes: [OptionShape], isQuiet: Bool = false
  ) -> ParsedArguments? {
    var words: [UnsafeMutablePointer<CChar>?] =
      unsafe arguments.map { unsafe strdup($0.cBytes) } + [nil]
    let owned = unsafe words  // getopt_long reorders `words`
    let names = unsafe shapes.map { unsafe strdup($0.long) }
    defer { unsafe (owned + names).forEach { unsafe free($0) } }

    // A long option's value is its place in the list, beyond all letters.
    let firstLong: Int32 = 256
    let longs =
      unsafe zip(shapes, names).enumerated().map { index, pair in
        unsafe option(
          name: UnsafePointer(pair.1), has_arg: pair.0.takesValue ? 1 : 0, flag: nil,
          val: firstLong + Int32(index))
      } + [option()]
    let letters = shapes.compactMap { shape in
      shape.short.map { String($0) + (shape.takesValue ? ":" : "") }
    }.joined()

    clinux_getopt_start(isQuiet ? 0 : 1)
    var parsed = ParsedArguments()
    while true {
      let code = unsafe getopt_long(Int32(arguments.count), &words, letters, longs, nil)
      if code == -1 { break }
      let isShort = code < firstLong
      let found =
        isShort
        ? shapes.firstIndex { $0.short?.asciiValue.map(Int32.init) == code }
        : Int(code - firstLong)
      guard let index = found else { return nil }
      let value =
        unsafe shapes[index].takesValue
        ? clinux_getopt_value().map { unsafe String(lossless: $0) } : nil
      parsed.options.append(.init(index: index, isShort: isShort, value: value))
    }
    for index in Int(clinux_getopt_position())..<arguments.count {
      if let word = unsafe words[index] { unsafe parsed.positionals.append(String(lossless: word)) }
    }
    return parsed
  }
}
