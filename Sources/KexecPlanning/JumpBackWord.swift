internal import ByteCoding
internal import PurgatoryImage
internal import RunningSystem

/// The parameter by which the purgatory tells a kernel how to enter the one that it came from. The purgatory
/// writes it behind the parameters of the kernel, so a line that goes on for init has spaces for it there.
enum JumpBackWord {
  /// Characters of the parameter, with the space before it.
  static let size = PurgatoryParameters.jumpBackTextSize

  /// `line` with free characters for the parameter: spaces in front of a lone `--`. Without a `--` nothing is
  /// added, since the parameter goes to the end.
  static func makingRoom(in line: String) -> String {
    guard let mark = KernelCommandLine(line).initMark?.startIndex else { return line }
    let spaces = String(repeating: " ", count: size)
    // The last parameter of the kernel is followed by one space already.
    guard mark > line.startIndex else { return spaces + " " + line }
    return String(line[..<mark]) + spaces + String(line[mark...])
  }

  /// The offset in bytes at which the parameter begins in a line with free characters for it.
  static func offset(in line: String) -> Int {
    guard let mark = KernelCommandLine(line).initMark?.startIndex else {
      return line.losslessByteCount
    }
    return max(line[..<mark].losslessByteCount - 1 - size, 0)
  }
}
