import KexecABI
import ByteCoding
import ELFFormat
import KernelImages
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// How the planner prepares a request before it plans.
@Suite struct LoadPlannerTests {
  private static let ports = [
    "/sys/class/tty/ttyS1/port": "0x2E0\n", "/proc/consoles": "ttyS1 -W- (EC p a) 4:65\n",
  ]

  private func console(
    _ files: [String: String] = ports, _ change: (inout LoadOptions) -> Void
  ) throws(PlanningError) -> PurgatoryConsole? {
    var options = LoadOptions()
    change(&options)
    return try PurgatoryConsole(options, on: TemporaryTree(files).machine)
  }

  @Test("The purgatory gets no serial port unless an option and the machine name one")
  func choosesNoPortUnasked() throws {
    #expect(try console { _ in } == nil)
    #expect(try console([:]) { $0.reusesConsole = true } == nil)
  }

  @Test(
    "--serial takes the name of a port or its number",
    arguments: [
      ("ttyS0", 0x3F8), ("ttyS1", 0x2E0), ("ttyS2", 0x3E8), ("ttyS3", 0x2E8), ("0x3f8", 0x3F8),
      ("1016", 1016),
    ] as [(String, UInt16)])
  func acceptsPortNameOrNumber(name: String, port: UInt16) throws {
    let found = try console { ($0.serial, $0.serialBaud, $0.reusesConsole) = (name, 9600, true) }
    #expect(found == PurgatoryConsole(port: port, baud: 9600, greets: false))
  }

  @Test(
    "--serial with an unknown port is an error before anything is planned",
    arguments: ["ttyS4", "", "0", "0x10000", "COM1"])
  func refusesUnknownSerialPort(name: String) throws {
    #expect(throws: PlanningError.serialPort(name)) { try console { $0.serial = name } }
    var request = LoadRequest(kernel: .init(path: "k", bytes: BzImageBuilder().file))
    request.options.serial = name
    #expect(throws: PlanningError.serialPort(name)) {
      try LoadPlanner(
        request, image: .open(request.kernel.bytes), on: TemporaryTree([:]).machine)
    }
  }

  @Test("The purgatory writes to the reused console, or to COM1 with --console-serial alone")
  func purgatoryWritesToReusedConsole() throws {
    #expect(
      try console { $0.reusesConsole = true }
        == PurgatoryConsole(port: 0x2E0, baud: 0, greets: false))
    #expect(
      try console { ($0.reusesConsole, $0.greetsOnSerial) = (true, true) }
        == PurgatoryConsole(port: 0x2E0, baud: 0, greets: true))
    #expect(
      try console { $0.greetsOnSerial = true }
        == PurgatoryConsole(port: 0x3F8, baud: 0, greets: true))
  }

  private func planner(
    _ builder: BzImageBuilder = BzImageBuilder(), on machine: Machine = TemporaryTree([:]).machine,
    _ change: (inout LoadRequest) -> Void
  ) throws -> LoadPlanner {
    var request = LoadRequest(kernel: .init(path: "k", bytes: builder.file))
    change(&request)
    return try LoadPlanner(request, image: .open(builder.file), on: machine)
  }

  @Test("The list of modules follows the initrd and is left out without an initrd or modules")
  func moduleListFollowsInitrd() throws {
    var machine = TemporaryTree([:]).machine
    machine.modules = LoadedModules([LoadedModule(name: "loop")])
    #expect(try planner(on: machine) { _ in }.request.initrds.isEmpty)
    let initrds = try planner(on: machine) { request in
      request.initrds = [.init(path: "initrd", bytes: SharedBytes([1]))]
    }.request.initrds
    #expect(initrds.map(\.path) == ["initrd", "(list of modules)"])
    #expect(initrds.map(\.origin) == [.file, .generated])
    machine.modules = nil
    let none = try planner(on: machine) { request in
      request.initrds = [.init(path: "initrd", bytes: SharedBytes([1]))]
    }.request.initrds
    #expect(none.count == 1)
  }

  @Test("The options and the image type decide which facts of the machine are needed")
  func readsOnlyNeededFacts() throws {
    let image = try KernelImage.open(BzImageBuilder().file)
    var options = LoadOptions()
    #expect(options.neededFacts(for: image) == [])
    (options.reusesConsole, options.preservesModules) = (true, true)
    #expect(options.neededFacts(for: image) == [.terminals, .modules])
    options = LoadOptions()
    options.purpose = .crash
    #expect(options.neededFacts(for: image) == .crash)
    let multiboot = try KernelImage.open(
      SharedBytes(ELFBuilder(is64Bit: true).bytes(head: MultibootBuilder.header2())))
    #expect(LoadOptions().neededFacts(for: multiboot) == .rsdp)
  }
}
