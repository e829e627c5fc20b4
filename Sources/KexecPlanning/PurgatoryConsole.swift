internal import RunningSystem

/// The serial port to which the purgatory writes.
struct PurgatoryConsole: Equatable, Sendable {
  /// The I/O port of the UART.
  let port: UInt16
  /// Its rate in baud; 0 leaves it as it is.
  let baud: UInt32
  /// Whether success is reported too.
  let greets: Bool
}

extension PurgatoryConsole {
  /// The port that `options` ask for on `machine`: a named one, or the one that is reused; nil when
  /// they ask for none.
  ///
  /// - Throws: `PlanningError.serialPort` for a name that stands for no port.
  init?(_ options: LoadOptions, on machine: Machine) throws(PlanningError) {
    let reused = options.reusesConsole ? machine.consolePort : nil
    guard options.asksForSerial else {
      guard let reused else { return nil }
      self.init(port: reused, baud: 0, greets: false)
      return
    }
    let name = options.serial ?? "ttyS0"
    let number = UInt64(cNumber: name).flatMap { UInt16(exactly: $0) }
    let named = machine.serialPorts[name] ?? Self.usualPorts[name] ?? number
    guard let port = (options.serial == nil ? reused : nil) ?? named, port != 0 else {
      throw .serialPort(name)
    }
    self.init(port: port, baud: options.serialBaud, greets: options.greetsOnSerial)
  }

  /// Where a PC has its serial ports.
  static let usualPorts: [String: UInt16] = [
    "ttyS0": 0x3F8, "ttyS1": 0x2F8, "ttyS2": 0x3E8, "ttyS3": 0x2E8,
  ]
}

extension LoadOptions {
  /// Whether the user has given an option for the purgatory's serial port.
  var asksForSerial: Bool { serial != nil || greetsOnSerial || serialBaud != 0 }
}
