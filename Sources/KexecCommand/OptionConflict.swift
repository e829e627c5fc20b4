/// Options that do not go together.
struct OptionConflict {
  let first: Option
  /// Each of these.
  let others: [Option]
  /// What is said of `first` beside one of them; nil for no more than that they contradict each other.
  let reason: String?

  private init(_ first: Option, _ others: [Option], _ reason: String? = nil) {
    self.first = first
    self.others = others
    self.reason = reason
  }

  static let all: [OptionConflict] = [
    // Actions. -p and -l say of which kind -u and -S speak; -f says how -e and a load go on.
    .init(.report, [.load, .loadPanic, .exec, .unload, .status, .force, .printCrashSize]),
    .init(.printCrashSize, [.load, .loadPanic, .exec, .unload, .status, .force]),
    .init(
      .loadJumpBackHelper,
      [.load, .loadPanic, .loadPreserveContext, .exec, .unload, .status, .force, .fileSyscall]),
    .init(.status, [.exec, .unload, .force, .loadPreserveContext]),
    .init(.unload, [.exec, .load, .force, .loadPreserveContext]),
    .init(.exec, [.load, .loadPanic, .loadPreserveContext]),
    // A kernel that only writes a dump wants as little as possible.
    .init(.loadPanic, [.load, .force, .preserve]),
    // How to load.
    .init(.loadPreserveContext, [.loadPanic, .fileSyscall, .realMode]),
    .init(.realMode, [.entry32Bit, .deviceTree]),
    .init(
      .realMode, [.loadPanic],
      "is not for a panic kernel: after a panic there is no BIOS to ask"),
    // After the reset there is no framebuffer of firmware's.
    .init(.resetVGA, [.reuseVideoType]),
  ]

  /// Refuses `first` beside any of `given` that does not go with it.
  static func check(_ first: Option, in given: Set<Option>) throws(CommandError) {
    for conflict in all where conflict.first == first {
      for row in Option.table.rows
      where conflict.others.contains(row.option) && given.contains(row.option) {
        throw .usage(conflict.message(beside: row))
      }
    }
  }

  /// What is said when `first` is given beside the option of `other`.
  func message(beside other: OptionDescription<Option, ClassicValues>) -> String {
    let name = first.spelling
    return reason.map { "\(name) \($0)" } ?? "\(name) and \(other.name) contradict each other"
  }
}

extension Option {
  /// The name that people know it by: with its letter, if it has one.
  var spelling: String {
    guard let row = Self.table.row(of: self) else { return "" }
    return row.short.map { "-\($0) (\(row.name))" } ?? row.name
  }
}
