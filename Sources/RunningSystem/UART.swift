internal import ByteCoding
internal import LinuxSystem

/// A serial port of the 8250 family, and how its registers are accessed. `/sys/class/tty/ttyS*`, or else
/// `/proc/tty/driver/serial`.
package struct UART: Equatable, Sendable {
  /// The device's name, such as `ttyS1`.
  package let name: String
  /// The I/O port or physical address of the first register.
  package let address: UInt64
  /// How its registers are accessed, by the words of `earlycon=`: `io` for I/O ports, `mmio`, `mmio16`,
  /// `mmio32` and `mmio32be` for registers of 8, 16 and 32 bits in memory. Nil when that is unknown, or when
  /// there is no word for it. Documentation/admin-guide/kernel-parameters.txt, "earlycon".
  package let access: String?
  /// The frequency of its clock in hertz, which is divided to get the rate; nil when unknown.
  package let clock: UInt64?

  /// The clock of a PC's serial ports in hertz, which is the default.
  package static let usualClock: UInt64 = 1_843_200

  /// The port `name`.
  package init(name: String, address: UInt64, access: String?, clock: UInt64? = nil) {
    self.name = name
    self.address = address
    self.access = access
    self.clock = clock
  }
}

extension UART {
  /// The ports in `files`: first those of sysfs, which has more facts, then those of /proc.
  static func all(in files: FileTree) -> [UART] {
    var all: [UART] = []
    for name in files.names(in: "/sys/class/tty") ?? [] where name.hasPrefix("ttyS") {
      if let port = UART(name: name, in: files) { all.append(port) }
    }
    for line in (files.text("/proc/tty/driver/serial") ?? "").split(separator: "\n") {
      if let port = UART(line) { all.append(port) }
    }
    return all
  }

  /// Reads the attributes in `/sys/class/tty/NAME`; nil when there is no port, or no attributes.
  private init?(name: String, in files: FileTree) {
    func number(_ attribute: String) -> UInt64? {
      files.number("/sys/class/tty/\(name)/\(attribute)")
    }
    let kind = number("io_type") ?? 0
    let address = number(kind == 0 ? "port" : "iomem_base") ?? 0
    // The driver has entries for ports that do not exist: PORT_UNKNOWN of <linux/serial_core.h>.
    guard address != 0, number("type") != 0 else { return nil }
    // SERIAL_IO_PORT and so on of <linux/serial.h>, and by how many bits an offset is shifted. A wider access
    // reaches the same register, if the distance of the registers is right.
    let access: String?
    switch (kind, number("iomem_reg_shift") ?? 0) {
    case (0, _): access = "io"
    case (2, 0): access = "mmio"
    case (2, 1), (7, 1): access = "mmio16"
    case (2, 2), (3, 2): access = "mmio32"
    case (6, 2): access = "mmio32be"
    default: access = nil
    }
    self.init(name: name, address: address, access: access, clock: number("uartclk"))
  }

  /// Reads `0: uart:16550A port:000003F8 irq:4 tx:0 rx:0`, or a line with `mmio:0xFE030000`, which does not
  /// tell the width.
  private init?(_ line: Substring) {
    let words = line.split(separator: " ")
    guard words.count > 2, words[0].hasSuffix(":"), words[1] != "uart:unknown" else { return nil }
    let isInMemory = words[2].hasPrefix("mmio:0x")
    guard isInMemory || words[2].hasPrefix("port:"),
      let address = UInt64(digits: words[2].dropFirst(isInMemory ? 7 : 5), radix: 16), address != 0
    else { return nil }
    self.init(
      name: "ttyS\(words[0].dropLast())", address: address, access: isInMemory ? nil : "io")
  }
}
