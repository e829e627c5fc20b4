internal import ByteCoding
package import LinuxSystem

/// A device to which the running kernel writes its messages. A line of `/proc/consoles`, described in
/// Documentation/filesystems/proc.rst.
package struct Console: Equatable, Sendable {
  /// The device's name, such as `ttyS1`, `tty0` or `hvc0`.
  package let name: String
  /// Whether this is /dev/console. The flag `C`.
  package let isPreferred: Bool
  /// The settings of its serial line; nil when they are unknown, or when it is not a serial line.
  package let line: SerialLine?

  /// The console `name`.
  package init(name: String, isPreferred: Bool, line: SerialLine? = nil) {
    self.name = name
    self.isPreferred = isPreferred
    self.line = line
  }

  /// The line's settings as in `console=ttyS1,57600n8`
  /// (Documentation/admin-guide/serial-console.rst); nil when they are not known.
  package var lineOptions: String? {
    line.map {
      String($0.baud) + $0.parity.rawValue + String($0.dataBits) + ($0.hasFlowControl ? "r" : "")
    }
  }

  /// The name without its number: there is one console for all ports of a driver
  /// (Documentation/admin-guide/serial-console.rst).
  package var driver: Substring { Self.driver(of: name[...]) }

  /// The driver of the device called `name`.
  package static func driver(of name: Substring) -> Substring {
    var driver = name
    while driver.last?.isASCIIDigit == true { driver.removeLast() }
    return driver
  }

  /// The enabled consoles in `files` that have a device. Early consoles have none, nor have consoles such as
  /// pstore. If `asksTerminals`, terminals are opened to get the settings of their lines.
  static func all(in files: FileTree, asksTerminals: Bool) -> [Console] {
    let lines = (files.text("/proc/consoles") ?? "").split(separator: "\n")
    return lines.compactMap { line in
      // "ttyS0                -W- (EC p a)    4:64"
      guard let open = line.firstIndex(of: "("), let close = line[open...].firstIndex(of: ")"),
        let name = line.split(separator: " ").first
      else { return nil }
      let flags = line[open..<close]
      guard flags.contains("E"), !flags.contains("B"), line[close...].contains(":") else {
        return nil
      }
      return Console(
        name: String(name), isPreferred: flags.contains("C"),
        line: asksTerminals && name.isSerial ? files.serialLine("/dev/\(name)") : nil)
    }
  }
}

extension Substring {
  /// Whether a device of this name is a serial line with a rate: `ttyS0`, `ttyAMA0`, but not `tty0`.
  fileprivate var isSerial: Bool {
    hasPrefix("tty") && dropFirst(3).first?.isASCIILetter == true
  }
}
