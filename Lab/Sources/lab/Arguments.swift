import LabKit

/// The arguments of a command line that have not been used yet.
struct Arguments {
  private var words: [String]

  init(_ words: some Sequence<String>) {
    self.words = Array(words)
  }

  /// Takes the first argument.
  mutating func next() -> String? {
    words.isEmpty ? nil : words.removeFirst()
  }

  /// Takes `name`; false if it is not there.
  mutating func flag(_ name: String) -> Bool {
    guard let index = words.firstIndex(of: name) else { return false }
    words.remove(at: index)
    return true
  }

  /// Takes `name` and the argument after it, and returns the latter.
  mutating func value(of name: String) throws -> String? {
    guard let index = words.firstIndex(of: name) else { return nil }
    guard index + 1 < words.count else { throw Failure("\(name) needs a value") }
    defer { words.removeSubrange(index...(index + 1)) }
    return words[index + 1]
  }

  /// Takes `name` and the number after it.
  mutating func number(of name: String) throws -> Int? {
    guard let word = try value(of: name) else { return nil }
    guard let number = Int(word), number > 0 else { throw Failure("\(name) needs a number") }
    return number
  }

  /// Takes `name` and the argument after it, which must be one of the cases of `Choice`.
  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    of name: String
  ) throws -> Choice? where Choice.RawValue == String {
    guard let word = try value(of: name) else { return nil }
    guard let choice = Choice(rawValue: word) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure("\(name) is one of \(known)")
    }
    return choice
  }

  /// Takes all remaining arguments.
  mutating func rest() -> [String] {
    defer { words = [] }
    return words
  }

  /// Fails if an argument was not used.
  func finish() throws {
    guard let word = words.first else { return }
    throw Failure("\(word) is not understood")
  }
}
