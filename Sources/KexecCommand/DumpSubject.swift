/// What `kexec dump` does: the word behind it, or nothing, which is to save.
enum DumpSubject: String, CaseIterable {
  case info, classes, log, report, verify, convert
  /// Without a word.
  case save

  /// Those that have a word. A file of that name is written `./info`.
  static let words: [DumpSubject] = allCases.filter { $0 != .save }

  /// The subject of `word`; nil if it is none.
  init?(word: String) {
    self.init(rawValue: word)
    if self == .save { return nil }
  }

  /// The words.
  static func list(separator: String) -> String {
    words.map { $0.rawValue }.joined(separator: separator)
  }

  /// The name in messages.
  var text: String { self == .save ? "dump" : "dump \(rawValue)" }

  /// How many files it takes.
  var operands: ClosedRange<Int> {
    switch self {
    case .info, .classes, .log, .report: 0...1
    case .verify: 1...1
    case .save, .convert: 2...2
    }
  }
}
