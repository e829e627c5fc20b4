import KexecABI
import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct SegmentAllocatorTests {
  /// Each number chooses one address, no two numbers the same, and every address is chosen.
  @Test("Each random number chooses one placement and together they reach every placement")
  func everyPlacementIsChosenOnce() {
    let free = PhysicalRangeSet([
      physical(0x10_0000, 0xF0_0000),  // below the limits
      physical(0x100_0000, 0x61_0000), physical(0x200_1000, 0x5F_F000),
      physical(0x400_0000, 0x1F_F000),  // too small
      physical(0x1_0000_0000, 0x80_0000),
    ])
    let size: UInt64 = 0x20_0800
    let limits = PhysicalRange(start: PhysicalAddress(0x100_0000), end: PhysicalAddress(.max))
    var places: [UInt64] = []
    for number in 0..<5 as Range<UInt64> {
      var allocator = SegmentAllocator(free: free, bounds: physical(0, 1 << 40))
      let place = allocator.choose(
        byteCount: size, alignment: 0x20_0000, limits: limits, random: number + 5 * 1000)
      guard let place else {
        Issue.record("no place for \(number)")
        continue
      }
      #expect(place.byteCount == 0x20_1000)
      #expect(free.contains(place) && limits.contains(place))
      #expect(!allocator.free.contains(place))
      places.append(place.start.value)
    }
    // Listed by hand.
    let all: [UInt64] = [
      0x100_0000, 0x120_0000, 0x140_0000, 0x220_0000, 0x1_0000_0000, 0x1_0020_0000, 0x1_0040_0000,
    ]
    #expect(Set(places).count == 5 && Set(places).isSubset(of: all))
    var seen: Set<UInt64> = []
    for number in 0..<UInt64(all.count) {
      var allocator = SegmentAllocator(free: free, bounds: physical(0, 1 << 40))
      let place = allocator.choose(
        byteCount: size, alignment: 0x20_0000, limits: limits, random: number)
      if let place { seen.insert(place.start.value) }
    }
    #expect(seen == Set(all))
  }

  @Test("Random numbers place the kernel at every aligned address where it fits")
  func randomNumbersReachEveryPlacement() throws {
    let machine = guest(ram: 0x10_0000...0x2FF_FFFF)
    let image = BzImageBuilder { $0.payload = storedGzip(VmlinuxBuilder().bytes) }
    var starts: Set<UInt64> = []
    for number in 0..<15 as Range<UInt64> {
      let load = try segments(image, on: machine) {
        $0.randomNumbers = .init(virtual: 0, physical: number)
        $0.initrds = [file(0x10_0000)]
      }
      let start = try place(of: .kernel, in: load).start.value
      #expect(start % 0x20_0000 == 0 && start >= 0x100_0000 && start + 0x3F_1000 <= 0x300_0000)
      starts.insert(start)
    }
    // The initrd takes 1 MiB; the purgatory and boot_params are at the top. 0x3F1000 bytes fit from
    // 0x1000000 to 0x2A00000.
    #expect(starts == Set((0..<14).map { 0x100_0000 + $0 * 0x20_0000 }))
  }

  /// If the others are placed as high as possible, nothing is left for the kernel, so it is placed
  /// first.
  @Test("The kernel is placed first when the other segments would take the only range it fits in")
  func placesKernelFirstIfSpaceIsTight() throws {
    // At 16 MiB there are 4 MiB, which the kernel fits into only if nothing else is there.
    let machine = guest(
      ram: 0x10_0000...0xE0_FFFF, 0x100_0000...0x13F_0FFF, 0x4000_0000...0x41FF_FFFF)
    let image = BzImageBuilder {
      $0.payload = storedGzip(VmlinuxBuilder().bytes)
      $0.xloadflags = 0x7D
    }
    let bounds = physical(0, 0x140_0000)
    let load = try segments(image, on: machine) {
      $0.options.memoryBounds = bounds
      $0.randomNumbers = .init(virtual: 0, physical: 77)
    }
    #expect(try place(of: .kernel, in: load).start.value == 0x100_0000)
    #expect(try place(of: .bootBlock, in: load).end.value <= 0xE1_0000)
  }

  /// Memory that the next kernel does not see as RAM must not contain its segments.
  @Test(
    "No segment lies in memory that mem= or memmap= hides from the next kernel",
    arguments: [
      ("mem=512M", [(0x2000_0000, .max)]), ("memmap=256M$512M", [(0x2000_0000, 0x3000_0000)]),
      ("memmap=exactmap memmap=640K@0 memmap=255M@1M", [(0x1000_0000, .max)]),
      ("memmap=1G!512M", [(0x2000_0000, 0x6000_0000)]),
    ] as [(String, [(UInt64, UInt64)])])
  func avoidsMemoryHiddenFromNextKernel(line: String, forbidden: [(UInt64, UInt64)]) throws {
    let image = BzImageBuilder { $0.payload = storedGzip(VmlinuxBuilder().bytes) }
    for number in [nil, 0, 3, 1 << 20] as [UInt64?] {
      let load = try segments(image, on: guest()) {
        $0.options.commandLine = line
        $0.randomNumbers = number.map { .init(virtual: $0, physical: $0) }
        $0.initrds = [file(100_000)]
      }
      for segment in load.segments {
        for (start, end) in forbidden {
          #expect(
            segment.destination.end.value <= start || segment.destination.start.value >= end,
            "\(segment.role) at \(segment.destination)")
        }
      }
    }
  }

  // MARK: Unpacked data must fit

  /// There are free ranges of 6 MiB, enough for the packed initrd, but not for the 7 MiB that it
  /// unpacks to.
  @Test("An initrd stays packed when no free range holds its unpacked size")
  func anInitrdThatFitsOnlyPackedStaysPacked() throws {
    var machine = TemporaryTree([:]).machine
    machine.firmwareMap = MemoryMap(
      (0..<60).map { .init(physical(0x100_0000 + $0 * 0x80_0000, 0x60_0000), .ram) })
    let packed = storedZstd(try archive([("a", [UInt8](repeating: 7, count: 7 << 20))]))
    let plan = try planned(
      BzImageBuilder { $0.payload = storedGzip(VmlinuxBuilder().bytes) }, by: .segments, on: machine
    ) { $0.initrds = [.init(path: "i", bytes: SharedBytes(packed))] }
    #expect(plan.notes.contains(.initrdUnchanged(0, .noRoom)))
    #expect(plan.notes.contains(.unpacked(format: "gzip")))
    let load = try plan.segmentLoad()
    #expect(load.segments.first { $0.role == .initrd(0) }?.bytes.array == packed)
  }
}
