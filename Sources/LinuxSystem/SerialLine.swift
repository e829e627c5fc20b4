internal import ByteCoding
internal import CLinux

/// The settings of a serial line.
package struct SerialLine: Equatable, Sendable {
  /// Parity, by the letters that `console=` has for it.
  package enum Parity: String, Sendable {
    case none = "n"
    case odd = "o"
    case even = "e"
  }

  /// Bits per second.
  package let baud: UInt32
  /// The parity bit.
  package let parity: Parity
  /// Bits of a character, 5 to 8.
  package let dataBits: UInt32
  /// Whether RTS and CTS control the flow.
  package let hasFlowControl: Bool

  /// The line with these settings, by default without parity and flow control.
  package init(
    baud: UInt32, parity: Parity = .none, dataBits: UInt32 = 8, hasFlowControl: Bool = false
  ) {
    self.baud = baud
    self.parity = parity
    self.dataBits = dataBits
    self.hasFlowControl = hasFlowControl
  }
}

extension SerialLine {
  // The bits of c_cflag in <asm-generic/termbits.h>, the same on x86, Arm and RISC-V.
  private static let sizeShift: UInt32 = 4
  private static let sizeMask: UInt32 = 3
  /// The size of a character that 0 stands for.
  private static let leastBits: UInt32 = 5
  private static let parityEnabled: UInt32 = 0x100
  private static let parityOdd: UInt32 = 0x200
  private static let flowControl: UInt32 = 0x8000_0000

  /// The line that a terminal's rate and c_cflag describe; nil if the rate is 0, which means hung up.
  init?(baud: UInt32, flags: UInt32) {
    guard baud > 0 else { return nil }
    let hasParity = (flags & Self.parityEnabled) != 0
    self.init(
      baud: baud,
      parity: !hasParity ? .none : (flags & Self.parityOdd) != 0 ? .odd : .even,
      dataBits: Self.leastBits + ((flags >> Self.sizeShift) & Self.sizeMask),
      hasFlowControl: (flags & Self.flowControl) != 0)
  }
}

extension FileTree {
  /// The settings of the terminal at `path`; nil when there is no terminal. Corresponds to the ioctl TCGETS2.
  package func serialLine(_ path: String) -> SerialLine? {
    var baud: UInt32 = 0
    var flags: UInt32 = 0
    guard unsafe clinux_terminal_line((root + path).cBytes, &baud, &flags) == 0 else { return nil }
    return SerialLine(baud: baud, flags: flags)
  }
}
