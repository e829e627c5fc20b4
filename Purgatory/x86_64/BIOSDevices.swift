import Machine

/// Sets up the interrupt controllers and the timer as a BIOS does, which a kernel that starts in real mode
/// calls. The A20 line has been open since the old kernel started.
func restoreBIOSDevices() {
  // The two 8259: edge-triggered and cascaded, their vectors from 0x08 and 0x70 on; not masked are the timer,
  // the keyboard, the cascade, and on the second one clock and disks.
  programController(at: 0x20, vectors: 0x08, cascade: 0x04, mask: 0xb8)
  programController(at: 0xa0, vectors: 0x70, cascade: 0x02, mask: 0x8e)
  // The 8254's channel 0: a square wave of 18.2 Hz.
  machine_write_port(0x43, 0x36)
  machine_write_port(0x40, 0)
  machine_write_port(0x40, 0)
}

private func programController(at port: UInt16, vectors: UInt8, cascade: UInt8, mask: UInt8) {
  machine_write_port(port, 0x11)
  machine_write_port(port &+ 1, vectors)
  machine_write_port(port &+ 1, cascade)
  machine_write_port(port &+ 1, 0x01)
  machine_write_port(port &+ 1, mask)
}
