import Machine

/// Prints a message and resets the machine by the first method that works.
func resetMachine(_ console: inout Console) -> Never {
  console.write("purgatory: resetting the machine\n")

  // The keyboard controller's command "pulse the reset line", after it has taken its last command.
  var left = 10_000
  while (machine_read_port(0x64) & 0x02) != 0, left > 0 { left &-= 1 }
  machine_write_port(0x64, 0xfe)
  pause()

  // The chipset's reset control register: first what kind of reset, then the reset.
  machine_write_port(0xcf9, 0x02)
  pause()
  machine_write_port(0xcf9, 0x06)
  pause()

  machine_triple_fault()
}

/// About a tenth of a second: reading an unused port takes a microsecond.
private func pause() {
  for _ in 0..<100_000 { _ = machine_read_port(0x80) }
}
