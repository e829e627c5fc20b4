import Machine

/// A 16550 UART. All waits are bounded, so a port without a UART costs little time.
struct SerialPort {
  /// I/O port of the first one in a PC.
  static let com1: UInt16 = 0x3f8
  /// The rate for a divisor of 1.
  private static let fastest: UInt32 = 115200
  /// How often the line status is read before giving up; a read takes about a microsecond, and a character at
  /// 300 baud takes 33 ms.
  private static let patience = 100_000

  private static let interruptEnable: UInt16 = 1
  private static let fifoControl: UInt16 = 2
  private static let lineControl: UInt16 = 3
  private static let modemControl: UInt16 = 4
  private static let lineStatus: UInt16 = 5

  private static let eightBits: UInt8 = 0x03
  private static let divisorLatch: UInt8 = 0x80
  private static let readyAndRequestToSend: UInt8 = 0x03
  private static let holdingEmpty: UInt8 = 0x20
  private static let allSent: UInt8 = 0x40

  private let port: UInt16
  private let baud: UInt32
  private var isConfigured = false
  private var isAbsent = false

  /// The UART at `port`; `baud` 0 leaves its rate as it is. Does not touch it yet.
  init(port: UInt16, baud: UInt32) {
    self.port = port
    self.baud = baud
  }

  /// Sends `character` and waits until it is on the line.
  @inline(never)
  mutating func write(_ character: UInt8) {
    if !isConfigured { configure() }
    guard !isAbsent, wait(for: Self.holdingEmpty) else { return }
    machine_write_port(port, character)
    _ = wait(for: Self.allSent)
  }

  private mutating func configure() {
    isConfigured = true
    set(Self.lineControl, Self.eightBits)
    set(Self.interruptEnable, 0)
    set(Self.fifoControl, 0)
    set(Self.modemControl, Self.readyAndRequestToSend)
    guard baud > 0 else { return }
    let divisor = max(Self.fastest / baud, 1)
    set(Self.lineControl, Self.eightBits | Self.divisorLatch)
    machine_write_port(port, UInt8(truncatingIfNeeded: divisor))
    set(Self.interruptEnable, UInt8(truncatingIfNeeded: divisor &>> 8))
    set(Self.lineControl, Self.eightBits)
  }

  private func set(_ register: UInt16, _ value: UInt8) {
    machine_write_port(port &+ register, value)
  }

  private mutating func wait(for bit: UInt8) -> Bool {
    var left = Self.patience
    while (machine_read_port(port &+ Self.lineStatus) & bit) == 0 {
      left &-= 1
      if left == 0 {
        isAbsent = true
        return false
      }
    }
    return true
  }
}
