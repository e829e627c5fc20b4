internal import ByteCoding
internal import PurgatoryImage
internal import RunningSystem

/// The word by which the purgatory tells a kernel where to enter the one that it came from: it writes it
/// behind the kernel's words, so a line that goes on for init has spaces there for it.
enum JumpBackWord {
  /// Characters of the word, with the space before it.
  static let size = PurgatoryParameters.jumpBackTextSize

  /// `line` with space for the word: spaces in front of a lone `--`, else nothing, since it goes to the
  /// end then.
  static func makingRoom(in line: String) -> String {
    guard let mark = KernelCommandLine(line).initMark?.startIndex else { return line }
    let spaces = String(repeating: " ", count: size)
    // The last of the kernel's words is followed by one already.
    guard mark > line.startIndex else { return spaces + " " + line }
    return String(line[..<mark]) + spaces + String(line[mark...])
  }

  /// Where the word begins in a line that has space for it, in bytes.
  static func offset(in line: String) -> Int {
    guard let mark = KernelCommandLine(line).initMark?.startIndex else {
      return line.losslessByteCount
    }
    return max(line[..<mark].losslessByteCount - 1 - size, 0)
  }
}
