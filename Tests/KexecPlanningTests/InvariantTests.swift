import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// Plans for every x86 machine in Tests/Fixtures/machines, checked against the fixture's own text
/// by code that shares nothing with the planner.
@Suite struct InvariantTests {
  static let planned = MachineFixture.all.filter { fixture in
    fixture.isX86 && (try? segments(for: fixture)) != nil
  }

  @Test func mostMachinesCanBePlanned() {
    #expect(Self.planned.count >= 30)
  }

  @Test(arguments: planned)
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

  private static let kernel = BzImageBuilder().file
  private static let initrd = SharedBytes([UInt8](repeating: 0, count: 30_000_000))

  private static func segments(for fixture: MachineFixture) throws -> SegmentLoad {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: kernel))
    request.initrds = [.init(path: "initrd", bytes: initrd)]
    request.digest = .none
    request.unpacksInitrds = false
    let plan = try plan(
      request, by: Route(.segments, .asked), on: fixture.machine, image: .open(kernel))
    guard case .segments(let load) = plan.action else { fatalError("not by segments") }
    return load
  }
}
