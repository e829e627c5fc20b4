import ByteCoding
import LinuxSystem
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct ConsoleWordsTests {
  /// /dev/console is ttyS1 at 57600, and there is a screen. COM1 and COM2 have their usual
  /// addresses.
  private func machine(
    running: String = "console=tty0 console=ttyS1,9600 earlycon=uart8250,io,0x2f8,57600n8",
    consoles: [Console] = [
      Console(name: "ttyS1", isPreferred: true, line: SerialLine(baud: 57600)),
      Console(name: "tty0", isPreferred: false),
    ]
  ) -> Machine {
    var machine = TemporaryTree(["/proc/cmdline": running]).machine
    machine.consoles = consoles
    machine.serialPorts = ["ttyS0": 0x3F8, "ttyS1": 0x2F8]
    return machine
  }

  private static let early = "earlycon=uart8250,io,0x2f8,57600n8"
  private static let all = early + " console=tty0 console=ttyS1,57600n8"

  /// The new command line, and the result with the added parameters.
  @Test(
    "--reuse-console adds the running kernel's consoles that the new command line lacks",
    arguments: [
      ("", all), ("quiet", all + " quiet"),
      ("quiet -- single", all + " quiet -- single"),
      // After -- only init would read it.
      ("-- console=tty0", all + " -- console=tty0"),
      // One console= for each driver: the one that is given stays the only one.
      ("console=ttyS0", early + " console=tty0 console=ttyS0"),
      ("console=ttyS1,115200", early + " console=tty0 console=ttyS1,115200"),
      ("console=tty1 console=ttyS0", early + " console=tty1 console=ttyS0"),
      ("earlyprintk=vga", "console=tty0 console=ttyS1,57600n8 earlyprintk=vga"),
      ("earlycon", "console=tty0 console=ttyS1,57600n8 earlycon"),
      // The user wants no console.
      ("console=", "console="), ("console=null", "console=null"),
    ])
  func addsConsoleParameters(given: String, wanted: String) {
    #expect(line(given, on: machine()) == wanted)
  }

  @Test("The running command line supplies consoles and rates that /proc/consoles does not show")
  func usesRunningLineForUnknownConsoles() {
    let running = "earlyprintk=ttyS0,115200 console=hvc0 console=ttyS0,19200e7 console=ttyS9,1"
    // Without /proc/consoles: everything that the command line names.
    #expect(
      line("", on: machine(running: running, consoles: []))
        == "earlyprintk=ttyS0,115200 console=hvc0 console=ttyS0,19200e7 console=ttyS9,1")
    // If the terminal's rate is unknown, the command line's is used.
    let consoles = [
      Console(name: "ttyS0", isPreferred: true), Console(name: "hvc0", isPreferred: false),
    ]
    #expect(
      line("", on: machine(running: running, consoles: consoles))
        == "earlyprintk=ttyS0,115200 console=hvc0 console=ttyS0,19200e7")
    #expect(line("x", on: machine(running: "", consoles: [])) == "x")
  }

  @Test("--reuse-console repeats no parameter when --reuse-cmdline has it already")
  func repeatsNoConsoleParameter() {
    var request = LoadRequest(kernel: .init(path: "k", bytes: .init([])))
    (request.options.reusesConsole, request.options.reusesCommandLine) = (true, true)
    let running = "console=tty0 console=ttyS1,9600 earlycon=uart8250,io,0x2f8,57600n8"
    #expect(request.finalCommandLine(on: machine(running: running)) == running)
  }

  @Test("The purgatory's port is that of a serial console of the running kernel")
  func purgatoryUsesConsolePort() {
    #expect(machine().consolePort == 0x2F8)
    let screen = Console(name: "tty0", isPreferred: true)
    #expect(machine(running: "", consoles: [screen]).consolePort == nil)
    let serial = Console(name: "ttyS0", isPreferred: false)
    #expect(machine(running: "", consoles: [screen, serial]).consolePort == 0x3F8)
    let absent = Console(name: "ttyS7", isPreferred: true)
    #expect(machine(running: "", consoles: [absent, serial]).consolePort == 0x3F8)
  }

  private func line(_ given: String, on machine: Machine) -> String {
    var request = LoadRequest(kernel: .init(path: "k", bytes: .init([])))
    request.options.reusesConsole = true
    request.options.commandLine = given
    return request.finalCommandLine(on: machine)
  }
}
