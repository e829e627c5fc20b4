import ByteCoding
import KernelImages
import KexecABI
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// ELF programs that are not Linux kernels and do not say how they take their arguments: they get
/// ELF boot notes, as with kexec-tools. Position-independent ones are placed anywhere.
@Suite struct ELFProgramTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var is64Bit = false
    /// ET_EXEC or ET_DYN.
    var type: UInt16 = 3
    var start: UInt64 = 0
    /// Address of the second part, like in memtest86+ 5.01; its memory ends 0x5000 bytes later.
    var second: UInt64 = 0x2_3000
    var alignment: UInt64 = 0x1000
    var header: [UInt8] = []
    var ram: [ClosedRange<UInt64>] = [0x1000...0x9_FBFF, 0x10_0000...0x5FFD_FFFF]
    var bounds: PhysicalRange?
    /// The address of the first part; nil if the program is refused.
    let place: UInt64?
  }

  private static let multiboot1 = MultibootBuilder.header1(flags: 0)
  private static let multiboot2 = MultibootBuilder.header2()
  private static let from16MiB = PhysicalRange(
    start: PhysicalAddress(0x100_0000), end: PhysicalAddress(0x200_0000))

  static let rows: [Row] = [
    Row(testDescription: "ET_DYN at 0", place: 0x1000),
    Row(testDescription: "ET_DYN at 0, of 64 bits", is64Bit: true, place: 0x1000),
    Row(testDescription: "ET_DYN at 0, aligned to 2 MiB", alignment: 0x20_0000, place: 0x20_0000),
    Row(testDescription: "an alignment that is none", alignment: 3, place: 0x1000),
    Row(
      testDescription: "ET_DYN where it is free", start: 0x400_0000, second: 0x402_3000,
      place: 0x400_0000),
    Row(
      testDescription: "ET_DYN where it is not free", start: 0x7000_0000, second: 0x7002_3000,
      place: 0x1000),
    // Placed at the same offset from its alignment as in the file: 0x3000.
    Row(
      testDescription: "ET_DYN off its alignment", start: 0x7000_3000, second: 0x7002_6000,
      alignment: 0x1_0000, place: 0x1_3000),
    Row(testDescription: "ET_DYN between bounds", bounds: from16MiB, place: 0x100_0000),
    Row(
      testDescription: "the first hole is too small",
      ram: [0x10_0000...0x10_FFFF, 0x80_0000...0x5FFD_FFFF], place: 0x80_0000),
    Row(testDescription: "no hole at all", ram: [0x10_0000...0x11_FFFF], place: nil),
    Row(testDescription: "ET_EXEC at 0", type: 2, place: nil),
    Row(
      testDescription: "ET_EXEC at 1 MiB", type: 2, start: 0x10_0000, second: 0x12_3000,
      place: 0x10_0000),
    Row(
      testDescription: "ET_EXEC at 1 MiB, outside the bounds", type: 2, start: 0x10_0000,
      second: 0x12_3000, bounds: from16MiB, place: nil),
    Row(testDescription: "multiboot 1, ET_DYN at 0", header: multiboot1, place: 0x10_0000),
    Row(testDescription: "multiboot 2, ET_DYN at 0", header: multiboot2, place: 0x10_0000),
    Row(
      testDescription: "multiboot 1, ET_DYN between bounds", header: multiboot1, bounds: from16MiB,
      place: 0x100_0000),
    Row(
      testDescription: "multiboot 1, ET_EXEC outside the bounds", type: 2, start: 0x10_0000,
      second: 0x12_3000, header: multiboot1, bounds: from16MiB, place: nil),
  ]

  private func file(_ row: Row) -> SharedBytes {
    let builder = ELFBuilder(is64Bit: row.is64Bit) {
      $0.type = row.type
      $0.entry = row.start + 0x10
      $0.parts = [
        .init(
          physical: row.start, memorySize: 0x2_2AD4, bytes: [UInt8](repeating: 0xF4, count: 0x40)),
        .init(physical: row.second, memorySize: 0x5000, bytes: [1, 2, 3]),
      ]
      $0.alignment = row.alignment
    }
    return SharedBytes(builder.bytes(head: row.header))
  }

  @Test(
    "An ELF program is placed at its address, moved if position-independent, or refused",
    arguments: rows)
  func placesELFPrograms(row: Row) throws {
    let bytes = file(row)
    var machine = guest(ram: row.ram[0])
    if row.ram.count > 1 { machine = guest(ram: row.ram[0], row.ram[1]) }
    var request = LoadRequest(kernel: .init(path: "program", bytes: bytes))
    request.options.commandLine = "words"
    if let bounds = row.bounds { request.options.memoryBounds = bounds }
    let image = try KernelImage.open(bytes)
    let result = Result { () throws(PlanningError) in
      try plan(request, by: Route(.segments, .imageType), on: machine, image: image)
    }
    guard let place = row.place else {
      guard case .failure(.noRoom(let space)) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(space.role == .kernel)
      return
    }
    let made = try result.get()
    #expect(made.notes.contains(.bootNotesAssumed) == row.header.isEmpty)
    let load = try made.segmentLoad()
    let kernel = load.segments.filter { $0.role == .kernel }
    #expect(kernel.first?.destination.start.value == place)
    #expect(kernel.last.map { $0.destination.end.value } == place + row.second - row.start + 0x5000)
    #expect(load.kernelEntry.value == place + 0x10)
    for segment in load.segments { #expect(row.bounds?.contains(segment.destination) ?? true) }
  }

  /// Requests that only a Linux kernel supports are refused.
  @Test("An ELF program that is not Linux is refused an initrd and a return to the running kernel")
  func refusesLinuxOnlyRequests() throws {
    let bytes = file(Self.rows[0])
    let image = try KernelImage.open(bytes)
    func refusal(_ change: (inout LoadRequest) -> Void) -> PlanningError? {
      var request = LoadRequest(kernel: .init(path: "program", bytes: bytes))
      change(&request)
      do throws(PlanningError) {
        _ = try plan(
          request, by: Route(.segments, .imageType), on: guest(), image: image)
        return nil
      } catch { return error }
    }
    #expect(refusal { $0.options.preservesContext = true } == .returnNeedsLinux)
    #expect(refusal { $0.initrds = [KexecPlanningTests.file(1)] } == .initrdForOther)
  }
}
