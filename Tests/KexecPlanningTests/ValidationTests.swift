import KexecABI
import ByteCoding
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct ValidationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Start, length and bytes of each segment; the first is the kernel.
    let segments: [(start: UInt64, byteCount: UInt64, bytes: Int)]
    var entry: UInt64 = 0x10_0000
    let wanted: PlanFault?
  }

  /// RAM from 1 MiB to 2 MiB and from 3 MiB to 4 MiB.
  static let cases: [Case] = [
    Case(
      testDescription: "right", segments: [(0x10_0000, 0x1000, 1), (0x10_1000, 0x1000, 0x1000)],
      wanted: nil),
    Case(testDescription: "start", segments: [(0x10_0800, 0x800, 1)], wanted: .unaligned(.kernel)),
    Case(testDescription: "end", segments: [(0x10_0000, 0x800, 1)], wanted: .unaligned(.kernel)),
    Case(
      testDescription: "overfull", segments: [(0x10_0000, 0x1000, 0x1001)],
      wanted: .overfull(.kernel)),
    Case(
      testDescription: "below", segments: [(0xF_F000, 0x2000, 1)],
      wanted: .outsideRAM(.kernel, physical(0xF_F000, 0x2000))),
    Case(
      testDescription: "over a gap", segments: [(0x1F_F000, 0x10_2000, 1)],
      wanted: .outsideRAM(.kernel, physical(0x1F_F000, 0x10_2000))),
    Case(
      testDescription: "overlap", segments: [(0x10_0000, 0x2000, 1), (0x10_1000, 0x1000, 1)],
      wanted: .overlap(.kernel, .initrd(1))),
    Case(
      testDescription: "more than half",
      segments: [(0x10_0000, 0x10_0000, 1), (0x30_0000, 0x1000, 1)],
      wanted: .moreThanHalfOfRAM(segments: 0x10_1000, ram: 0x20_0000)),
    Case(testDescription: "exactly half", segments: [(0x10_0000, 0x10_0000, 1)], wanted: nil),
    Case(
      testDescription: "entry behind", segments: [(0x10_0000, 0x1000, 1)], entry: 0x10_1000,
      wanted: .entryOutside(PhysicalAddress(0x10_1000))),
    Case(
      testDescription: "none", segments: [], wanted: .entryOutside(PhysicalAddress(0x10_0000))),
    Case(
      testDescription: "17", segments: (0..<17).map { (0x10_0000 + $0 * 0x1000, 0x1000, 1) },
      wanted: .tooManySegments(17)),
    Case(
      testDescription: "16", segments: (0..<16).map { (0x10_0000 + $0 * 0x1000, 0x1000, 1) },
      wanted: nil),
  ]

  @Test(
    "A load with unaligned, overfull, overlapping, misplaced or too many segments is refused",
    arguments: cases)
  func validatesSegments(row: Case) throws {
    var machine = TemporaryTree([:]).machine
    machine.firmwareMap = MemoryMap([
      .init(physical(0x10_0000, 0x10_0000), .ram), .init(physical(0x30_0000, 0x10_0000), .ram),
    ])
    let memory = try UsableMemory(of: machine, commandLine: .init(""))
    let load = SegmentLoad(
      entry: PhysicalAddress(row.entry), kernelEntry: PhysicalAddress(row.entry),
      segments: row.segments.enumerated().map { index, segment in
        PlannedSegment(
          role: index == 0 ? .kernel : .initrd(index), bytes: file(segment.bytes).bytes,
          destination: physical(segment.start, segment.byteCount))
      }, flags: 0, memoryMap: memory.map, digest: .none,
      expectedPeak: 0)
    if let wanted = row.wanted {
      #expect(throws: wanted) { try load.validate(in: memory) }
    } else {
      #expect(throws: Never.self) { try load.validate(in: memory) }
    }
  }
}

/// Random memory maps: each gives a plan that passes an independent check, or an error for lack of
/// space.
@Suite struct RandomMapTests {
  @Test("A random memory map gives segments in free RAM or an error for lack of space")
  func plansRandomMapsOrFindsNoSpace() throws {
    let seed = SplitMix.seed(of: "random maps")
    var generator = SplitMix(seed: seed)
    var counts = (planned: 0, refused: 0)
    let zeros = file(3_000_000).bytes
    for round in 0..<400 {
      let (firmware, ioMemory) = randomTexts(&generator)
      var machine = TemporaryTree([:]).machine
      machine.firmwareMap = MemoryLog.e820(firmware)
      machine.ioMemory = IOMemory(text: ioMemory)
      let raw = RawMemory(ioMemory: ioMemory, firmware: firmware)
      let initrd = Int.random(in: 1...3_000_000, using: &generator)
      do {
        let load = try segments(on: machine) {
          $0.initrds = [.init(path: "initrd", bytes: (try? zeros.slice(0..<initrd)) ?? zeros)]
          $0.options.digest = .none
        }
        counts.planned += 1
        var previousEnd: UInt64 = 0
        for segment in load.segments {
          let (start, end) = (segment.destination.start.value, segment.destination.end.value)
          #expect(start >= previousEnd, "seed \(seed), round \(round)")
          #expect(raw.isFree(start...(end - 1)), "seed \(seed), round \(round): \(segment.role)")
          #expect(start % 4096 == 0 && end % 4096 == 0, "seed \(seed), round \(round)")
          previousEnd = end
        }
        let kernel = try place(of: .kernel, in: load)
        #expect(kernel.start.value % 0x20_0000 == 0 && kernel.start.value >= 0x100_0000)
      } catch {
        counts.refused += 1
        switch error as? PlanningError {
        case .noRoom, .noMemoryMap, .invalid(.moreThanHalfOfRAM): break
        default: Issue.record("seed \(seed), round \(round): \(error)")
        }
      }
    }
    // Both outcomes must have occurred.
    #expect(counts.planned > 20 && counts.refused > 20, "seed \(seed): \(counts)")
  }

  /// A log of ranges with unaligned ends, adjacent or with gaps, and a resource tree in which some
  /// RAM contains other ranges.
  private func randomTexts(_ generator: inout SplitMix) -> (firmware: String, ioMemory: String) {
    var firmware = ""
    var ioMemory = ""
    var start: UInt64 = 0
    for _ in 0..<Int.random(in: 1...14, using: &generator) {
      let size = UInt64.random(in: 1...0x1000_0000, using: &generator)
      let isRAM = Int.random(in: 0...3, using: &generator) > 0
      let last = start + (Bool.random(using: &generator) ? size | 0xFFF : size)
      let digits = String(start, radix: 16)
      firmware +=
        "BIOS-e820: [mem 0x\(digits)-0x\(String(last, radix: 16))] \(isRAM ? "usable" : "reserved")\n"
      ioMemory += "\(digits)-\(String(last, radix: 16)) : \(isRAM ? "System RAM" : "Reserved")\n"
      if isRAM, Bool.random(using: &generator) {
        let first = UInt64.random(in: start...last, using: &generator)
        let end = UInt64.random(in: first...last, using: &generator)
        let names = ["Kernel code", "Reserved", "Crash kernel", "ACPI Tables", "\u{1}?"]
        let name = names[Int.random(in: 0..<names.count, using: &generator)]
        ioMemory += "  \(String(first, radix: 16))-\(String(end, radix: 16)) : \(name)\n"
      }
      start =
        last + 1
        + (Bool.random(using: &generator)
          ? 0 : UInt64.random(in: 0...0x200_0000, using: &generator))
    }
    return (firmware, ioMemory)
  }
}
