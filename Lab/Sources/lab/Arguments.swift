import LabKit

/// The words of a command line that were not used yet.
struct Arguments {
  private var words: [String]

  init(_ words: some Sequence<String>) {
    self.words = Array(words)
  }

  /// The first word.
  mutating func next() -> String? {
    words.isEmpty ? nil : words.removeFirst()
  }

  /// Whether `name` is there.
  mutating func flag(_ name: String) -> Bool {
    guard let index = words.firstIndex(of: name) else { return false }
    words.remove(at: index)
    return true
  }

  /// The word after `name`.
  mutating func value(of name: String) throws -> String? {
    guard let index = words.firstIndex(of: name) else { return nil }
    guard index + 1 < words.count else { throw Failure("\(name) needs a value") }
    defer { words.removeSubrange(index...(index + 1)) }
    return words[index + 1]
  }

  /// The number after `name`.
  mutating func number(of name: String) throws -> Int? {
    guard let word = try value(of: name) else { return nil }
    guard let number = Int(word), number > 0 else { throw Failure("\(name) needs a number") }
    return number
  }

  /// One of the choices that `Choice` has, after `name`.
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

  /// The words that nobody asked for by name.
  mutating func rest() -> [String] {
    defer { words = [] }
    return words
  }

  /// Fails when a word was not understood.
  func finish() throws {
    guard let word = words.first else { return }
    throw Failure("\(word) is not understood")
  }
}
