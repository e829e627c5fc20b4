import CPurgatoryABI
import Machine

/// Where the purgatory's few lines go.
struct Console {
  private var serial: SerialPort

  /// The console that the parameters describe.
  init(_ parameters: Parameters) {
    // SAFETY: the caller has the block in our own segment.
    self = unsafe Console(
      port: parameters.pointee.serial_port, baud: parameters.pointee.serial_baud)
  }

  /// A console on `port`, or on COM1 if that is 0.
  init(port: UInt16, baud: UInt32) {
    serial = SerialPort(port: port == 0 ? SerialPort.com1 : port, baud: baud)
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
    while shift > 0, value &>> shift == 0 { shift &-= 4 }
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
    if character == 0x0a { serial.write(0x0d) }
    serial.write(character)
  }
}
