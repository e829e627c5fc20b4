import KexecABI
import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// Plans for every x86 machine in Tests/Fixtures/machines, compared with the fixture's text by code
/// that shares nothing with the planner.
@Suite struct InvariantTests {
  /// All machines for which loads can be planned.
  static let machines = MachineFixture.all.filter(\.isX86)

  /// The machines for which no plan is possible, and why. All others must have one.
  static let unplannable: [String: PlanningError.Code] = [
    // Only a part of the map was published, without System RAM.
    "cxl-freed-names": .noMemoryMap, "cxl-freed-names.iomem.after-unload": .noMemoryMap,
    "cxl-freed-names.iomem.pmem": .noMemoryMap,
    "cxl-freed-names.iomem.pmem-after-disable": .noMemoryMap,
    "cxl-pmem-device-backed-vmemmap": .noMemoryMap, "cxl-soft-reserved-nested": .noMemoryMap,
    "cxl-soft-reserved-nested.iomem.hole-inside-region": .noMemoryMap,
    "cxl-soft-reserved-nested.iomem.after-odd-end": .noMemoryMap,
    "cxl-soft-reserved-nested.iomem.odd-end": .noMemoryMap,
    // The published map has no free range of the kernel's size.
    "server-memmap-kaslr-conflict": .noRoom, "server-memmap-kaslr-conflict.iomem+e820": .noRoom,
    // Users other than root see zeros.
    "server-zero-iomem-unprivileged": .noMemoryMap,
  ]

  @Test("Every fixture machine is planned, or refused for its expected reason", arguments: machines)
  func plansEveryMachineOrGivesReason(fixture: MachineFixture) {
    do {
      _ = try Self.segments(for: fixture)
      #expect(Self.unplannable[fixture.name] == nil, "it can be planned now")
    } catch {
      #expect((error as? PlanningError)?.code == Self.unplannable[fixture.name], "\(error)")
    }
  }

  static let planned = machines.filter { unplannable[$0.name] == nil }

  @Test(
    "Segments lie aligned in free RAM without overlap on every fixture machine",
    arguments: planned)
  func segmentsLieInFreeRAM(fixture: MachineFixture) throws {
    let load = try Self.segments(for: fixture)
    let raw = RawMemory(ioMemory: fixture.ioMemoryText, firmware: fixture.firmwareText)
    var previousEnd: UInt64 = 0
    #expect(load.segments.count == 4)
    for segment in load.segments {
      let start = segment.destination.start.value
      let end = segment.destination.end.value
      #expect(start % 4096 == 0 && end % 4096 == 0, "\(segment.role) at \(segment.destination)")
      #expect(start >= previousEnd, "\(segment.role) overlaps what is below it")
      #expect(raw.isFree(start...(end - 1)), "\(segment.role) at \(segment.destination)")
      #expect(UInt64(segment.bytes.count) <= end - start)
      if segment.role == .kernel {
        #expect(start % 0x20_0000 == 0)
        #expect(start >= 0x100_0000)
        #expect(end - start == 0x337_8000)
        #expect(load.kernelEntry.value == start + 0x200)
      }
      if segment.role == .purgatory { #expect(load.entry.value == start) }
      previousEnd = end
    }
  }

  static let reserved = MachineFixture.all.filter { fixture in
    fixture.isX86 && !crashRegions(in: fixture.ioMemoryText).isEmpty
  }

  @Test("At least six fixture machines have a reserved crash region")
  func fixturesIncludeCrashRegions() {
    #expect(Self.reserved.count >= 6)
  }

  /// "Only the highest region takes segments", and only the regions and the first MiB are RAM.
  @Test(
    "Crash segments lie in the highest crash region, and RAM above 1 MiB only in crash regions",
    arguments: reserved)
  func crashSegmentsLieInHighestRegion(fixture: MachineFixture) throws {
    let load = try Self.segments(for: fixture) { $0.options.purpose = .crash }
    let regions = Self.crashRegions(in: fixture.ioMemoryText)
    let main = try #require(regions.max { $0.lowerBound < $1.lowerBound })
    #expect(load.segments.count == 5)
    #expect(load.flags & 1 == 1)
    var previousEnd = main.lowerBound
    for segment in load.segments {
      let (start, end) = (segment.destination.start.value, segment.destination.end.value)
      #expect(start >= previousEnd && end - 1 <= main.upperBound, "\(segment.role)")
      previousEnd = end
    }
    #expect(main.contains(load.entry.value))
    let header = try place(of: .coreHeader, in: load)
    for range in load.memoryMap.ranges(of: .ram).ranges where range.start.value >= 1 << 20 {
      let (first, last) = (range.start.value, range.end.value - 1)
      #expect(regions.contains { $0.contains(first) && $0.contains(last) }, "RAM at \(range)")
      #expect(!range.overlaps(header))
    }
  }

  private static func crashRegions(in text: String) -> [ClosedRange<UInt64>] {
    text.split(separator: "\n").filter { $0.contains("Crash kernel") }.compactMap { line in
      let ends = line.prefix { $0 != ":" }.filter { $0 != " " }.split(separator: "-")
        .compactMap { UInt64($0, radix: 16) }
      return ends.count == 2 ? ends[0]...ends[1] : nil
    }
  }

  private static let kernel = BzImageBuilder().file
  private static let initrd = SharedBytes([UInt8](repeating: 0, count: 30_000_000))

  private static func segments(
    for fixture: MachineFixture, _ change: (inout LoadRequest) -> Void = { _ in }
  ) throws -> SegmentLoad {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: kernel))
    request.initrds = [.init(path: "initrd", bytes: initrd)]
    request.options.digest = .none
    request.options.isFast = false
    change(&request)
    let plan = try plan(
      request, by: Route(.segments, .asked), on: fixture.machine, image: .open(kernel))
    let load = try plan.segmentLoad()
    return load
  }
}
