import LinuxSystem
import RunningSystem
import TestSupport
import Testing

@Suite struct ConsoleTests {
  /// Early consoles, disabled ones, and those without a device are ignored.
  @Test("Only enabled consoles with a device are read from /proc/consoles")
  func readsEnabledConsoles() {
    let tree = TemporaryTree([
      "/proc/consoles": """
      tty0                 -WU (E  p  )    4:1
      ttyS1                -W- (EC p a)    4:65
      earlyser0            -W- (E Bp  )
      ttyS2                -W- (   p a)    4:66
      pstore-1             -W- (E  p  )
      junk
      hvc0 (E
      netcon0 ) 1:2 (
      """
    ])
    #expect(
      tree.machine.consoles == [
        Console(name: "tty0", isPreferred: false), Console(name: "ttyS1", isPreferred: true),
      ])
    #expect(TemporaryTree([:]).machine.consoles.isEmpty)
  }

  /// In a captured machine the terminal is an ordinary file, which has no rate.
  @Test("A plain or missing file is not taken for a serial line")
  func fileHasNoSerialLine() {
    let tree = TemporaryTree(["/dev/ttyS0": ""])
    #expect(FileTree(root: tree.path).serialLine("/dev/ttyS0") == nil)
    #expect(FileTree(root: tree.path).serialLine("/dev/ttyS1") == nil)
  }

  @Test(
    "A serial line is written as baud rate, parity, data bits and flow control",
    arguments: [
      (SerialLine(baud: 57600), "57600n8"),
      (SerialLine(baud: 9600, parity: .even, dataBits: 7), "9600e7"),
      (SerialLine(baud: 115_200, parity: .odd, hasFlowControl: true), "115200o8r"),
    ])
  func formatsSerialLineOptions(line: SerialLine, text: String) {
    #expect(Console(name: "ttyS0", isPreferred: true, line: line).lineOptions == text)
  }

  @Test(
    "The driver of a console is its name without the number",
    arguments: [
      ("ttyS1", "ttyS"), ("tty0", "tty"), ("hvc12", "hvc"), ("null", "null"), ("", ""),
    ])
  func namesDriverOfConsole(name: String, driver: String) {
    #expect(Console(name: name, isPreferred: false).driver == driver)
  }
}
