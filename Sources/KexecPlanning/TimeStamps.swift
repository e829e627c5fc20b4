internal import ByteCoding
internal import RunningSystem

/// Times that are passed to the next system in a parameter on its command line, so that `kexec --report` can
/// tell there how long the jump took.
///
/// The parameter is `kexec_stamps=ENTRY,CHECKED,LOADED,WALL`: the time stamp counter when the purgatory was
/// entered, when its checks were done, and when the kernel was loaded; and the wall clock at that last moment
/// in nanoseconds since 1970. Each is 16 hexadecimal digits. The purgatory writes the first two over zeros.
package struct TimeStamps: Equatable, Sendable {
  /// The name of the parameter.
  package static let name = "kexec_stamps"

  /// The time stamp counter when the purgatory was entered; 0 when it has not been.
  package var entered: UInt64 = 0
  /// The time stamp counter when the purgatory's checks were done; 0 when they have not been.
  package var checked: UInt64 = 0
  /// The time stamp counter when the kernel was loaded.
  package var loaded: UInt64
  /// The wall clock when the kernel was loaded, in nanoseconds since 1970.
  package var wallClock: UInt64

  /// The stamps of a load at these two times.
  package init(loaded: UInt64, wallClock: UInt64) {
    self.loaded = loaded
    self.wallClock = wallClock
  }

  /// Reads the value of the parameter.
  package init?(word: some StringProtocol) {
    let numbers = word.split(separator: ",").map { UInt64(digits: $0, radix: 16) }
    guard numbers.count == 4, let entered = numbers[0], let checked = numbers[1],
      let loaded = numbers[2], let wallClock = numbers[3]
    else { return nil }
    self.init(loaded: loaded, wallClock: wallClock)
    self.entered = entered
    self.checked = checked
  }

  /// The parameter for the command line.
  package var word: String {
    let values = [entered, checked, loaded, wallClock].map { value in
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return Self.name + "=" + values.joined(separator: ",")
  }

  /// The offset in a command line of the digits that the purgatory writes; nil if it has no such parameter.
  static func textOffset(in commandLine: String) -> Int? {
    let words = KernelCommandLine(commandLine).kernelWords
    guard let word = words.last(where: { $0.hasPrefix(name + "=") }) else { return nil }
    return commandLine[..<word.startIndex].losslessByteCount + name.utf8.count + 1
  }
}
