import LinuxSystem
import RunningSystem
import TestSupport
import Testing

@Suite struct UARTTests {
  private static let pc =
    "type=4 port=0x3F8 io_type=0 iomem_base=0x0 iomem_reg_shift=0 uartclk=1843200"

  /// The attributes in /sys/class/tty/ttyS4, and the resulting port.
  @Test(
    "The sysfs attributes of a serial port give its address, access and clock",
    arguments: [
      (pc, UART(name: "ttyS4", address: 0x3F8, access: "io", clock: 1_843_200)),
      // A PCI card with a faster clock.
      (
        "type=4 port=0xE000 io_type=0 uartclk=14745600",
        UART(name: "ttyS4", address: 0xE000, access: "io", clock: 14_745_600)
      ),
      // Old kernels and captured machines have fewer attributes.
      ("port=0x2F8", UART(name: "ttyS4", address: 0x2F8, access: "io")),
      // Memory-mapped: 8 bits each; 32 bits each, as with Intel's LPSS and AMD; 16 bits;
      // big-endian.
      (
        "type=4 port=0x0 io_type=2 iomem_base=0xFE030000 iomem_reg_shift=0 uartclk=48000000",
        UART(name: "ttyS4", address: 0xFE03_0000, access: "mmio", clock: 48_000_000)
      ),
      (
        "type=4 port=0x0 io_type=3 iomem_base=0xFE032000 iomem_reg_shift=2",
        UART(name: "ttyS4", address: 0xFE03_2000, access: "mmio32")
      ),
      (
        "type=4 io_type=2 iomem_base=0x4017000000 iomem_reg_shift=2",
        UART(name: "ttyS4", address: 0x40_1700_0000, access: "mmio32")
      ),
      (
        "type=4 io_type=7 iomem_base=0xFE000000 iomem_reg_shift=1",
        UART(name: "ttyS4", address: 0xFE00_0000, access: "mmio16")
      ),
      (
        "type=4 io_type=6 iomem_base=0xFE000000 iomem_reg_shift=2",
        UART(name: "ttyS4", address: 0xFE00_0000, access: "mmio32be")
      ),
      // Ports that earlycon= cannot describe.
      (
        "type=4 io_type=2 iomem_base=0xFE000000 iomem_reg_shift=4",
        UART(name: "ttyS4", address: 0xFE00_0000, access: nil)
      ),
      (
        "type=4 io_type=5 iomem_base=0xFE000000 iomem_reg_shift=0",
        UART(name: "ttyS4", address: 0xFE00_0000, access: nil)
      ),
      // Lines that the driver keeps for ports that do not exist.
      ("type=0 port=0x2F8 io_type=0", nil), ("type=4 port=0x0 io_type=0", nil),
      ("type=4 io_type=2 iomem_base=0x0", nil), ("type=4", nil), ("port=junk", nil),
    ] as [(String, UART?)])
  func readsPortAttributes(text: String, wanted: UART?) {
    var files: [String: String] = [
      "/sys/class/tty/tty0/active": "", "/sys/class/tty/ttyUSB0/port": "0x1",
    ]
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "=")
      files["/sys/class/tty/ttyS4/\(parts[0])"] = parts[1] + "\n"
    }
    #expect(uarts(files) == (wanted.map { [$0] } ?? []))
  }

  /// /proc/tty/driver/serial, which is read where sysfs lacks the attributes.
  @Test("/proc/tty/driver/serial gives the ports that sysfs does not show")
  func readsPortListOfDriver() {
    let files = [
      "/proc/tty/driver/serial": """
      serinfo:1.0 driver revision:
      0: uart:16550A port:000003F8 irq:4 tx:1234 rx:5 RTS|DTR
      1: uart:unknown port:000002F8 irq:3
      2: uart:16550A mmio:0xFE030000 irq:16 tx:0 rx:0
      10: uart:8250 port:00000000 irq:0
      x: uart:8250 port:000003E8 irq:0
      11: uart:8250 port:zz irq:0
      junk
      """
    ]
    #expect(
      uarts(files) == [
        UART(name: "ttyS0", address: 0x3F8, access: "io"),
        UART(name: "ttyS2", address: 0xFE03_0000, access: nil),
        UART(name: "ttySx", address: 0x3E8, access: "io"),
      ])
    // If a name occurs twice, sysfs has precedence, because it tells more.
    let both = uarts(files.merging(["/sys/class/tty/ttyS0/port": "0x3E8\n"]) { $1 })
    #expect(both.first { $0.name == "ttyS0" }?.address == 0x3E8)
  }

  @Test("Firmware's console table is looked for only together with the serial ports")
  func looksForConsoleTableOnRequest() {
    let tree = TemporaryTree(["/sys/firmware/acpi/tables/SPCR": "SPCR"])
    let machine = Machine.read(FileTree(root: tree.path), with: .serialPorts)
    #expect(machine.hasConsoleTable && machine.uarts.isEmpty)
    #expect(!TemporaryTree(["/sys/firmware/acpi/tables/SPCR": "SPCR"]).machine.hasConsoleTable)
  }

  private func uarts(_ files: [String: String]) -> [UART] {
    let tree = TemporaryTree(files)
    return Machine.read(FileTree(root: tree.path), with: .serialPorts).uarts
  }
}
