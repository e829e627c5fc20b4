import LinuxSystem
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct EarlyOutputTests {
  private static let com1 = UART(name: "ttyS0", address: 0x3F8, access: "io", clock: 1_843_200)
  private static let com2 = UART(name: "ttyS1", address: 0x2F8, access: "io")
  private static let memory = UART(
    name: "ttyS4", address: 0xFE03_2000, access: "mmio32", clock: 1_843_200)

  /// A machine with these `consoles`, the first of which is /dev/console.
  private func machine(
    _ consoles: [String], running: String = "", uarts: [UART] = [com1, com2, memory],
    baud: UInt32 = 115_200, hasTable: Bool = false
  ) -> Machine {
    var machine = TemporaryTree(["/proc/cmdline": running]).machine
    machine.consoles = consoles.enumerated().map { index, name in
      Console(
        name: name, isPreferred: index == 0,
        line: name.hasPrefix("ttyS") && baud != 0 ? SerialLine(baud: baud) : nil)
    }
    machine.uarts = uarts
    machine.hasConsoleTable = hasTable
    return machine
  }

  private func words(
    _ line: String = "", on machine: Machine, serial: String? = nil, baud: UInt32 = 0
  ) throws(PlanningError) -> String {
    var options = LoadOptions()
    (options.serial, options.serialBaud) = (serial, baud)
    return try EarlyOutput(beside: KernelCommandLine(line), options, on: machine)
      .words.joined(separator: " ")
  }

  private static let first = "earlycon=uart8250,io,0x3f8,115200n8 keep_bootcon"

  /// The running kernel's consoles and command line, and the added parameters.
  @Test(
    "earlycon= names the serial port that the running kernel writes to",
    arguments: [
      (["ttyS0"], "", first), (["tty0", "ttyS0"], "", first),
      (["ttyS1", "ttyS0"], "", "earlycon=uart8250,io,0x2f8,115200n8 keep_bootcon"),
      (["ttyS4"], "", "earlycon=uart8250,mmio32,0xfe032000,115200n8 keep_bootcon"),
      // If /proc/consoles is missing.
      ([], "console=tty0 console=ttyS0,115200n8", first),
      ([], "console=ttyS1,57600 console=tty0", "earlycon=uart8250,io,0x2f8,57600 keep_bootcon"),
      ([], "console=ttyS0", "earlycon=uart8250,io,0x3f8 keep_bootcon"),
      // A port that is given by its address.
      (
        [], "console=uart8250,mmio32,0xfe030000,115200n8",
        "earlycon=uart8250,mmio32,0xfe030000,115200n8 keep_bootcon"
      ),
      ([], "console=uart,io,0x3e8", "earlycon=uart8250,io,0x3e8 keep_bootcon"),
      // Only the running kernel's own early console shows the address of a port.
      (
        ["tty0"], "earlycon=uart8250,mmio,0xfe030000,9600",
        "earlycon=uart8250,mmio,0xfe030000,9600 keep_bootcon"
      ),
    ])
  func earlyconUsesConsolePort(consoles: [String], running: String, wanted: String) throws {
    #expect(try words(on: machine(consoles, running: running)) == wanted)
  }

  /// The new command line, and the parameters that it gets.
  @Test(
    "Early console parameters of the new command line are kept and only missing ones are added",
    arguments: [
      ("", first), ("root=/dev/vda1 quiet", first), ("x -- earlycon=y", first),
      // The console of the new command line is used: the user watches that one.
      ("console=ttyS1,57600n8r", "earlycon=uart8250,io,0x2f8,57600n8 keep_bootcon"),
      // No rate in the parameter; that of the port is used.
      ("console=ttyS0", first),
      ("console=ttyS4 console=tty0", "earlycon=uart8250,mmio32,0xfe032000 keep_bootcon"),
      ("console=tty0", first),
      // Nothing is added that is already there.
      ("earlycon=uart8250,io,0x2f8", "keep_bootcon"), ("earlyprintk=ttyS0,115200", "keep_bootcon"),
      ("earlyprintk=serial,0x3f8,115200,keep", "keep_bootcon"), ("earlycon=efifb keep_bootcon", ""),
      ("keep-bootcon", "earlycon=uart8250,io,0x3f8,115200n8"),
      // These write to a screen, or nowhere.
      ("earlyprintk=vga", first), ("earlyprintk=efi,keep", first), ("earlyprintk", first),
      ("earlycon", first),
    ])
  func keepsGivenEarlyParameters(line: String, wanted: String) throws {
    #expect(try words(line, on: machine(["ttyS0"])) == wanted)
  }

  /// `earlycon` alone is enough if firmware names a console.
  @Test("A bare earlycon parameter is enough when firmware has a console table")
  func bareEarlyconNeedsConsoleTable() throws {
    #expect(try words("earlycon", on: machine(["ttyS0"], hasTable: true)) == "keep_bootcon")
    #expect(try words("", on: machine(["ttyS0"], hasTable: true)) == Self.first)
  }

  @Test("--serial chooses the port and the baud rate of earlycon=")
  func serialOptionChoosesPort() throws {
    let screen = machine(["tty0"])
    #expect(
      try words(on: screen, serial: "ttyS1", baud: 9600)
        == "earlycon=uart8250,io,0x2f8,9600n8 keep_bootcon")
    #expect(
      try words(on: screen, serial: "0x2e8") == "earlycon=uart8250,io,0x2e8 keep_bootcon")
    #expect(
      try words(on: machine(["ttyS0"]), serial: "ttyS1")
        == "earlycon=uart8250,io,0x2f8 keep_bootcon")
    // If nothing is known about the port, it has its usual address on a PC.
    #expect(
      try words(on: machine(["tty0"], uarts: []), serial: "ttyS3")
        == "earlycon=uart8250,io,0x2e8 keep_bootcon")
  }

  /// With another clock than a PC's, the kernel would set a wrong rate, so none is given and the
  /// port keeps its own.
  @Test(
    "earlycon= states a known baud rate only if the port's clock is a PC's or unknown",
    arguments: [
      (UInt64(1_843_200), UInt32(115_200), ",115200n8"), (0, 57_600, ",57600n8"),
      (48_000_000, 115_200, ""), (14_745_600, 9600, ""), (1_843_200, 0, ""),
    ])
  func statesBaudRateOnlyForPCClock(clock: UInt64, baud: UInt32, end: String) throws {
    let port = UART(name: "ttyS0", address: 0xE000, access: "io", clock: clock)
    #expect(
      try words(on: machine(["ttyS0"], uarts: [port], baud: baud))
        == "earlycon=uart8250,io,0xe000\(end) keep_bootcon")
  }

  @Test("Early output is refused when there is no serial port or its address is unknown")
  func refusesWithoutKnownPort() {
    let unknown = UART(name: "ttyS5", address: 0xFE00_0000, access: nil)
    let rows: [(Machine, String, PlanningError)] = [
      (machine(["tty0", "hvc0"]), "", .noEarlyPort(["hvc0", "tty0"])),
      (machine([]), "", .noEarlyPort([])),
      (machine(["ttyAMA0"]), "", .noEarlyPort(["ttyAMA0"])),
      (machine(["ttyUSB0"]), "", .noEarlyPort(["ttyUSB0"])),
      (machine([], running: "console=ttynull"), "", .noEarlyPort(["ttynull"])),
      (machine(["ttyS5"], uarts: [unknown]), "", .earlyPortUnknown("ttyS5")),
      (machine(["ttyS7"]), "", .earlyPortUnknown("ttyS7")),
      (machine(["ttyS0"]), "console=ttyS9", .earlyPortUnknown("ttyS9")),
    ]
    for (machine, line, reason) in rows {
      let error = #expect(throws: PlanningError.self) { try words(line, on: machine) }
      #expect(error == reason)
    }
  }
}
