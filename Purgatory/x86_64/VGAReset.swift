import Machine

/// Puts the VGA into its standard text mode, 3: 80 by 25 characters. Loads no font.
func resetVGA() {
  _ = machine_read_port(inputStatus)  // the attribute port takes an index next
  machine_write_port(attribute, 0x00)

  program(0x3c4, from: 0x00, 0x03_0003_0002, count: 5)
  program(0x3d4, from: 0x11, 0x0e, count: 1)  // unlocks the registers 0 to 7
  program(0x3d4, from: 0x00, 0x5f4f_5082_5581_bf1f, count: 8)
  program(0x3d4, from: 0x08, 0x004f_200e_0000_01e0, count: 8)
  program(0x3d4, from: 0x10, 0x9c8e_8f28_1f96_b9a3, count: 8)
  program(0x3d4, from: 0x18, 0xff, count: 1)
  program(0x3ce, from: 0x00, 0x0000_0000_0010_0e00, count: 8)
  program(0x3ce, from: 0x08, 0xff, count: 1)

  programAttributes(from: 0x00, 0x0001_0203_0405_1407, count: 8)
  programAttributes(from: 0x08, 0x3839_3a3b_3c3d_3e3f, count: 8)
  programAttributes(from: 0x10, 0x0c_000f_0800, count: 5)
  _ = machine_read_port(inputStatus)
  machine_write_port(attribute, 0x20)  // the palette is set: show the screen
}

private let inputStatus: UInt16 = 0x3da
private let attribute: UInt16 = 0x3c0

/// Sets `count` registers behind the index port `port`, the first of them `first`, to the bytes of
/// `values`, highest first.
private func program(_ port: UInt16, from first: UInt8, _ values: UInt64, count: UInt8) {
  for register in 0..<count {
    machine_write_port(port, first &+ register)
    machine_write_port(port &+ 1, byte(register, of: values, count))
  }
}

/// The same for the attribute registers, which have one port for index and value.
private func programAttributes(from first: UInt8, _ values: UInt64, count: UInt8) {
  for register in 0..<count {
    _ = machine_read_port(inputStatus)
    machine_write_port(attribute, first &+ register)
    machine_write_port(attribute, byte(register, of: values, count))
  }
}

private func byte(_ index: UInt8, of values: UInt64, _ count: UInt8) -> UInt8 {
  UInt8(truncatingIfNeeded: values &>> (8 &* UInt64(count &- 1 &- index)))
}
