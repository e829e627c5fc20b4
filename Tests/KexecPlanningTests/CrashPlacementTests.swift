import KexecABI
import ByteCoding
import CrashDumps
import ELFFormat
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// Crash kernels loaded by kexec_load.
@Suite struct CrashPlacementTests {
  @Test("All segments lie in the crash region, with the elfcorehdr segment in its highest page")
  func segmentsLieInCrashRegion() throws {
    let (load, line) = try crash { $0.initrds = [file(0x12_3456)] }
    #expect(load.flags == 0x3E_0001)
    let region = physical(0x4E00_0000, 0x1000_0000)
    for segment in load.segments { #expect(region.contains(segment.destination)) }
    // The highest page of the region, which is not RAM for the crash kernel.
    let header = try #require(load.segments.last)
    #expect(header.role == .coreHeader)
    #expect(header.destination == physical(0x5DFF_F000, 0x1000))
    #expect(line == "quiet elfcorehdr=0x5dfff000")
    #expect(
      load.memoryMap.entries == [
        .init(physical(0, 0x1000), .reserved), .init(physical(0x1000, 0x9_EC00), .ram),
        .init(physical(0x9_FC00, 0x400), .reserved),
        .init(physical(0xF_0000, 0x1_0000), .reserved),
        .init(physical(0x4E00_0000, 0xFFF_F000), .ram),
        .init(physical(0x5FFE_0000, 0x2_0000), .reserved),
        .init(physical(0xFE00_0000, 0x10_0000), .reserved),
      ])
    #expect(header.isChecked)
    // The running kernel puts pages of its own into the rest of the region.
    let lowest = try #require(load.segments.first?.destination.start)
    #expect(lowest.value >= 0x4E00_0000 + 0x1_0000 + 2 * 0x2000)
  }

  @Test("The elfcorehdr describes the kernel, the memory around the region and the notes")
  func coreHeaderDescribesMemory() throws {
    let (load, _) = try crash()
    let bytes = try #require(load.segments.last).bytes.array
    let found = try #require(CoreSegments(bytes)).segments
    #expect(found.map(\.physicalStart) == [0x3CA0_0000, 0x10_0000, 0x5E00_0000])
    #expect(
      found.map(\.virtualStart) == [
        0xFFFF_FFFF_8460_0000, 0xFFFF_8968_4010_0000, 0xFFFF_8968_9E00_0000,
      ])
    #expect(found.map(\.byteCount) == [0x283_0000, 0x4DF0_0000, 0x1FE_0000])
    // Two processors' notes and VMCOREINFO, then the three ranges.
    #expect(bytes.loadField(Field<UInt16>(56)) == 6)
    #expect(bytes.loadField(Field<UInt32>(64)) == 4)
  }

  @Test("Only the highest of two crash regions takes segments")
  func onlyTheHighestRegionTakesSegments() throws {
    let (load, _) = try crash(on: largeMachine)
    for segment in load.segments { #expect(segment.destination.start.value >= 0x1_6F00_0000) }
    let ram = load.memoryMap.ranges(of: .ram).ranges
    #expect(
      ram == [
        physical(0x1000, 0x9_EC00), physical(0xB700_0000, 0x400_0000),
        physical(0x1_6F00_0000, 0xFFF_F000),
      ])
  }

  @Test("--hotplug leaves space for a growing elfcorehdr and excludes it from the digest")
  func hotplugLeavesSpaceUnchecked() throws {
    var machine = crashMachine
    #expect(try notes(on: machine) { $0.options.followsHotplug = true }.contains(.noHotplug))
    machine.crash?.headerSize = 537_208
    let (load, line) = try crash(on: machine) { $0.options.followsHotplug = true }
    #expect(load.flags == 0x3E_0005)
    let header = try #require(load.segments.last)
    #expect(header.destination == physical(0x5DF7_C000, 0x8_4000))
    #expect(!header.isChecked)
    #expect(line.hasSuffix("elfcorehdr=0x5df7c000"))
    // Without the option, the flags are as before.
    #expect(try crash(on: machine).0.flags == 0x3E_0001)
  }

  @Test("A 32-bit elfcorehdr is written on request and refused for memory above 4 GiB")
  func writes32BitCoreHeader() throws {
    let (load, _) = try crash { $0.options.coreHeaderWidth = .bits32 }
    #expect(try #require(load.segments.last).bytes.array[4] == 1)
    #expect(throws: PlanningError.memoryBeyondELF32(end: PhysicalAddress(0x1_8000_0000))) {
      try crash(on: largeMachine) { $0.options.coreHeaderWidth = .bits32 }
    }
  }

  @Test("--pass-memmap-cmdline adds the crash kernel's memory map as memmap= parameters")
  func passesMemoryMapByParameters() throws {
    var machine = crashMachine
    machine.firmwareMap = nil
    let (load, line) = try crash(on: machine) { $0.options.passesMemoryMap = true }
    #expect(
      line == "quiet elfcorehdr=0x5dfff000 memmap=exactmap memmap=632K@4K memmap=262140K@1277952K")
    // boot_params have the whole map; memmap= restricts it.
    #expect(load.memoryMap.ranges(of: .ram).byteCount > 0x5000_0000)
    machine.ioMemory = IOMemory(
      text: """
        100000-1fffffff : System RAM
          10000000-1fffffff : Crash kernel
        20000000-200007ff : ACPI Tables
        20001800-200027ff : ACPI Non-volatile Storage
        30000000-3fffffff : Persistent Memory (legacy)
        """)
    let words = try crash(on: machine) { $0.options.passesMemoryMap = true }.1
    #expect(
      words.hasSuffix(
        " memmap=262140K@262144K memmap=4K#524288K memmap=8K#524292K memmap=262144K!786432K"))
  }

  /// Parameters that we add count against the kernel's limit.
  @Test("The added elfcorehdr= counts against the command line limit")
  func elfcorehdrCountsAgainstLimit() {
    // " elfcorehdr=0x5dfff000"
    for (length, fits) in [(2047 - 22, true), (2047 - 21, false)] {
      let result = Result { () throws(PlanningError) in
        try planned(by: .segments, on: crashMachine) {
          $0.options.purpose = .crash
          $0.options.commandLine = String(repeating: "x", count: length)
        }
      }
      if fits {
        #expect(throws: Never.self) { try result.get() }
      } else {
        #expect(throws: PlanningError.commandLineTooLong(length: 2048, limit: 2047)) {
          try result.get()
        }
      }
    }
  }

  @Test("acpi_rsdp= hands over the RSDP address unless the command line already has it")
  func handsOverRSDPAddress() throws {
    var machine = crashMachine
    var parameters = [UInt8](repeating: 0, count: 4096)
    parameters.store(UInt64(0xF_59D0), as: Field<UInt64>(0x70))
    machine.bootParameters = parameters
    #expect(try crash(on: machine).1 == "quiet elfcorehdr=0x5dfff000 acpi_rsdp=0xf59d0")
    let given = try crash(on: machine) { $0.options.commandLine = "acpi_rsdp=0x1 -- x" }.1
    #expect(given == "acpi_rsdp=0x1 elfcorehdr=0x5dfff000 -- x")
  }

  /// boot_params contain it, too, so it is the first one to be omitted.
  @Test(
    "acpi_rsdp= is left out when it does not fit, and boot_params still have the RSDP",
    arguments: [(2047 - 22 - 18, true), (2047 - 22 - 17, false)])
  func omitsRSDPParameterWithoutSpace(length: Int, isThere: Bool) throws {
    var machine = crashMachine
    var parameters = [UInt8](repeating: 0, count: 4096)
    parameters.store(UInt64(0xF_59D0), as: Field<UInt64>(0x70))
    machine.bootParameters = parameters
    let (load, line) = try crash(on: machine) {
      $0.options.commandLine = String(repeating: "x", count: length)
    }
    #expect(line.hasSuffix(" acpi_rsdp=0xf59d0") == isThere)
    let block = try #require(load.segments.first { $0.role == .bootBlock })
    #expect(block.bytes.array.loadField(Field<UInt64>(0x70)) == 0xF_59D0)
  }

  @Test("A crash region that is missing, hidden or too small is refused")
  func refusesUnusableCrashRegion() {
    var machine = crashMachine
    machine.ioMemory = IOMemory(text: "100000-1fffffff : System RAM")
    #expect(throws: PlanningError.noCrashRegion) { try crash(on: machine) }
    machine.ioMemory = IOMemory(
      text: "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel")
    #expect(throws: PlanningError.crashRegionHidden) { try crash(on: machine) }
    machine.ioMemory = IOMemory(
      text: "00100000-1fffffff : System RAM\n  10000000-1000ffff : Crash kernel")
    let error = #expect(throws: PlanningError.self) { try crash(on: machine) }
    guard case .noRoom(let space)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(space.role == .coreHeader)
  }

  /// kexec_file_load would drop the old crash kernel before it notices.
  @Test(
    "kexec_file_load is refused when kernel and initrd do not fit into the crash region",
    arguments: [
      (0x337_8000, 0, nil), (0x337_7FFF, 0, .kernel), (0x337_8000, 1, .initrd(0)),
      (0x337_8000 + 5000, 5000, nil), (0x337_8000 + 5000, 5001, .initrd(0)),
    ] as [(UInt64, Int, PlannedSegment.Role?)])
  func fileLoadNeedsSpaceInRegion(region: UInt64, initrd: Int, missing: PlannedSegment.Role?) throws
  {
    var machine = crashMachine
    let last = String(0x1000_0000 + region - 1, radix: 16)
    machine.ioMemory = IOMemory(
      text: "00100000-1fffffff : System RAM\n  10000000-\(last) : Crash kernel")
    let result = Result { () throws(PlanningError) in
      try planned(by: .file, on: machine) {
        $0.options.purpose = .crash
        $0.initrds = initrd == 0 ? [] : [file(initrd)]
      }
    }
    switch result {
    case .success: #expect(missing == nil)
    case .failure(.noRoom(let space)):
      #expect(space.role == missing)
      #expect(space.bounds == physical(0x1000_0000, region))
    case .failure(let error): Issue.record("\(error)")
    }
  }

  @Test("Missing notes, VMCOREINFO and addresses are noted, and low memory that is not dumped")
  func notesMissingCrashFacts() throws {
    #expect(try notes(on: crashMachine) { _ in }.filter(isAboutCrash) == [])
    var machine = crashMachine
    machine.crash = nil
    #expect(
      try notes(on: machine) { _ in }.filter(isAboutCrash) == [
        .noProcessorNotes, .noVMCOREINFO, .kernelAddressesGuessed,
      ])
    machine = crashMachine
    machine.crash?.leavesLowMemory = false
    #expect(try notes(on: machine) { _ in }.filter(isAboutCrash) == [.lowMemoryNotDumped])
  }

  @Test("Crash options are noted when they have no effect on the load")
  func notesCrashOptionsWithoutEffect() throws {
    let plan = try planned(by: .file, on: guest()) {
      ($0.options.coreHeaderWidth, $0.options.passesMemoryMap, $0.options.followsHotplug) = (
        .bits64, true, true
      )
    }
    #expect(
      plan.notes == [
        .onlyForCrash("--elf64-core-headers"), .onlyForCrash("--pass-memmap-cmdline"),
        .onlyForCrash("--hotplug"),
      ])
    let crash = try planned(by: .file, on: crashMachine) {
      ($0.options.purpose, $0.options.coreHeaderWidth, $0.options.passesMemoryMap) = (
        .crash, .bits32, true
      )
    }
    #expect(
      crash.notes == [
        .noEffectOnFileCall("--elf32-core-headers"), .noEffectOnFileCall("--pass-memmap-cmdline"),
      ])
  }
}

/// Whether the note is about the elfcorehdr.
private func isAboutCrash(_ note: PlanNote) -> Bool {
  switch note {
  case .noProcessorNotes, .noVMCOREINFO, .kernelAddressesGuessed, .lowMemoryNotDumped, .noHotplug:
    true
  default: false
  }
}

/// The 1536 MiB guest, booted with crashkernel=256M, and its facts.
private let crashMachine: Machine = {
  var machine = guest()
  machine.ioMemory = IOMemory(
    text: """
      00000000-00000fff : Reserved
      00001000-0009fbff : System RAM
      0009fc00-0009ffff : Reserved
      000a0000-000bffff : PCI Bus 0000:00
      000f0000-000fffff : Reserved
        000f0000-000fffff : System ROM
      00100000-5ffdffff : System RAM
        3ca00000-3d801ef1 : Kernel code
        4e000000-5dffffff : Crash kernel
      5ffe0000-5fffffff : Reserved
      60000000-febfffff : PCI Bus 0000:00
        fe000000-fe0fffff : Reserved
      """)
  machine.crash = CrashFacts(
    processorNotes: [physical(0x5E63_9400, 0x170), physical(0x5E73_9400, 0x170)],
    vmcoreInfo: physical(0x11F_A000, 0x1024),
    kernelImage: .init(
      virtualStart: 0xFFFF_FFFF_8460_0000, memory: physical(0x3CA0_0000, 0x283_0000)),
    directMap: 0xFFFF_8968_4000_0000)
  return machine
}()

/// The 5 GiB guest, booted with crashkernel=256M,high crashkernel=64M,low.
private let largeMachine: Machine = {
  var machine = crashMachine
  machine.ioMemory = IOMemory(
    text: """
      00001000-0009fbff : System RAM
      00100000-bffdffff : System RAM
        b7000000-baffffff : Crash kernel
      100000000-17fffffff : System RAM
        16f000000-17effffff : Crash kernel
      """)
  return machine
}()

private func crash(
  on machine: Machine = crashMachine, _ change: (inout LoadRequest) -> Void = { _ in }
) throws -> (SegmentLoad, String) {
  let plan = try planned(by: .segments, on: machine) {
    $0.options.purpose = .crash
    $0.options.commandLine = "quiet"
    change(&$0)
  }
  let load = try plan.segmentLoad()
  return (load, plan.commandLine)
}

private func notes(
  on machine: Machine, _ change: (inout LoadRequest) -> Void
) throws(PlanningError) -> [PlanNote] {
  try planned(by: .segments, on: machine) {
    $0.options.purpose = .crash
    change(&$0)
  }.notes
}
