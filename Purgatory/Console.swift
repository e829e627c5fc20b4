import CPurgatoryABI
import Machine

/// Where the purgatory writes its messages.
struct Console {
  private var serial: SerialPort
  private var screen: VGAText?
  /// Whether messages go to the serial port.
  var usesSerial = true

  /// The console that the parameters describe: always a serial port, and the screen if wanted.
  init(_ parameters: Parameters) {
    // SAFETY: the caller has the block in our own segment.
    let port = unsafe parameters.pointee.serial_port
    serial = unsafe SerialPort(
      port: port == 0 ? SerialPort.com1 : port, baud: parameters.pointee.serial_baud)
    screen = unsafe parameters.has(PURGATORY_FLAG_VGA_CONSOLE) ? VGAText() : nil
  }

  /// A console that needs no parameters: COM1 as it is.
  init() {
    serial = SerialPort(port: SerialPort.com1, baud: 0)
    screen = nil
  }

  /// Writes `text`, which is ASCII.
  mutating func write(_ text: StaticString) {
    // SAFETY: a literal of more than one character has an address and a length.
    let start = unsafe text.utf8Start
    for index in 0..<text.utf8CodeUnitCount {
      unsafe write(start[index])
    }
  }

  /// Writes `value` as `0x...` without leading zeros.
  mutating func write(address value: UInt64) {
    write("0x")
    var shift: UInt64 = 60
    while shift > 0, (value &>> shift) == 0 { shift &-= 4 }
    while true {
      write(digit: UInt8(truncatingIfNeeded: value &>> shift) & 15)
      if shift == 0 { return }
      shift &-= 4
    }
  }

  /// Writes `value`, which is below 100.
  mutating func write(decimal value: UInt64) {
    let value = UInt8(truncatingIfNeeded: value)
    if value >= 10 { write(digit: value / 10) }
    write(digit: value % 10)
  }

  /// Writes two digits for each of `bytes`.
  mutating func write(hexadecimal bytes: UnsafeRawBufferPointer) {
    // SAFETY: the caller owns the bytes.
    for index in bytes.indices {
      let byte = unsafe bytes[index]
      write(digit: byte &>> 4)
      write(digit: byte & 15)
    }
  }

  @inline(never)
  private mutating func write(digit: UInt8) {
    write(digit < 10 ? 0x30 &+ digit : 0x61 &- 10 &+ digit)
  }

  @inline(never)
  private mutating func write(_ character: UInt8) {
    screen?.write(character)
    guard usesSerial else { return }
    if character == 0x0a { serial.write(0x0d) }
    serial.write(character)
  }
}
