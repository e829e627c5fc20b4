import PhysicalMemory
@testable import RunningSystem
import Testing

@Suite struct IOMemoryTests {
  /// The 1536 MiB guest of the specification, booted with crashkernel=256M.
  private static let guest = """
    00000000-00000fff : Reserved
    00001000-0009fbff : System RAM
    0009fc00-0009ffff : Reserved
    000a0000-000bffff : PCI Bus 0000:00
    000f0000-000fffff : Reserved
      000f0000-000fffff : System ROM
    00100000-5ffdffff : System RAM
      34200000-35001ef1 : Kernel code
      35200000-358bcfff : Kernel rodata
      4e000000-5dffffff : Crash kernel
    5ffe0000-5fffffff : Reserved
    60000000-febfffff : PCI Bus 0000:00
      fe000000-fe0fffff : Reserved
    """

  @Test("/proc/iomem is read as a tree with depths, ranges and crash regions")
  func readsResourceTree() throws {
    let memory = IOMemory(text: Self.guest)
    #expect(memory.resources.count == 13)
    #expect(!memory.isHidden)
    let code = try #require(memory.resources.first { $0.name == "Kernel code" })
    #expect(code.depth == 1)
    #expect(code.topLevelName == "System RAM")
    #expect(code.range == range(0x3420_0000...0x3500_1EF1))
    #expect(memory.crashRegions == [range(0x4E00_0000...0x5DFF_FFFF)])
  }

  @Test("The kernel's code counts as free RAM and the crash region does not")
  func kernelTextIsFreeAndTheCrashRegionIsNot() {
    let memory = IOMemory(text: Self.guest)
    #expect(
      memory.freeRAM.ranges == [
        range(0x1000...0x9_FBFF), range(0x10_0000...0x4DFF_FFFF),
        range(0x5E00_0000...0x5FFD_FFFF),
      ])
    // Devices are not memory, but what is reserved inside one stays reserved: see the last entry.
    #expect(
      memory.memoryMap.entries.map(\.kind) == [
        .reserved, .ram, .reserved, .reserved, .ram, .reserved, .reserved,
      ])
  }

  /// The text, and the resulting free RAM.
  @Test(
    "Free RAM excludes driver-managed RAM and whatever is reserved inside RAM",
    arguments: [
      // Everything inside RAM, except the kernel, must not be overwritten.
      (
        "100000-1fffff : System RAM\n  140000-14ffff : Reserved",
        [0x10_0000...0x13_FFFF, 0x15_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\n  140000-14ffff : reserved",
        [0x10_0000...0x13_FFFF, 0x15_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\n  140000-14ffff : GART",
        [0x10_0000...0x13_FFFF, 0x15_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\n  140000-14ffff : ACPI Tables",
        [0x10_0000...0x13_FFFF, 0x15_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\n  140000-14ffff : Kernel code\n    141000-141fff : Reserved",
        [0x10_0000...0x14_0FFF, 0x14_2000...0x1F_FFFF]
      ),
      // Memory of drivers is never free.
      ("100000-1fffff : System RAM (kmem)", []),
      ("100000-1fffff : dax0.0\n  100000-1fffff : System RAM (kmem)", []),
      ("100000-1fffff : virtio0\n  100000-1fffff : System RAM (virtio_mem)", []),
      ("100000-1fffff : CXL Window 0\n  100000-1fffff : System RAM", []),
      // If ranges at the top level overlap, the reserved one counts.
      ("100000-1fffff : System RAM\n180000-1fffff : Reserved", [0x10_0000...0x17_FFFF]),
      // Adjacent ranges of RAM are joined.
      ("100000-109017 : System RAM\n109018-1fffff : System RAM", [0x10_0000...0x1F_FFFF]),
      // Copied text: other indentation, tabs, other line ends.
      (
        "100000-1fffff : System RAM\n     140000-14ffff : Reserved\n   150000-15ffff : Reserved",
        [0x10_0000...0x13_FFFF, 0x16_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\n\t140000-14ffff : Reserved",
        [0x10_0000...0x13_FFFF, 0x15_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\r\n  140000-14ffff : Reserved\r\n200000-2fffff : System RAM\r\n",
        [0x10_0000...0x13_FFFF, 0x15_0000...0x2F_FFFF]
      ),
      // A name is bytes: it may end with a carriage return, or contain bytes that are not text.
      (
        "100000-1fffff : System RAM\n  140000-14ffff : \u{1}x\r\n  150000-15ffff : Reserved\n",
        [0x10_0000...0x13_FFFF, 0x16_0000...0x1F_FFFF]
      ),
      (
        "100000-1fffff : System RAM\n  140000-14ffff : \u{301}\u{FFFD}\n  150000-15ffff : \n",
        [0x10_0000...0x13_FFFF, 0x16_0000...0x1F_FFFF]
      ),
      // Lines in other formats are ignored.
      (
        "# comment\n100000-1fffff : System RAM\n\n140000-14ffff Reserved\nzz-yy : Reserved\n180000-17ffff : Reserved",
        [0x10_0000...0x1F_FFFF]
      ),
      ("100000-fffffffffffffffff : System RAM", []),
      ("", []),
    ] as [(String, [ClosedRange<UInt64>])])
  func findsFreeRAM(text: String, wanted: [ClosedRange<UInt64>]) {
    #expect(IOMemory(text: text).freeRAM.ranges == wanted.map(range))
  }

  /// Impossible lines are ignored and reported with their number and text.
  @Test(
    "A faulty line of /proc/iomem is left out and reported with its number and reason",
    arguments: [
      ("180000-17ffff : Reserved", .inverted), ("  180000-17ffff : System RAM", .inverted),
      ("ffffffffffffffff-0 : x", .inverted), ("zz-yy : Reserved", .malformed),
      ("140000-14ffff Reserved", .malformed), ("140000 : Reserved", .malformed),
      ("140000-: Reserved", .malformed), ("-14ffff : Reserved", .malformed),
      ("-1-14ffff : Reserved", .malformed), ("140000--1 : Reserved", .malformed),
      ("+140000-14ffff : Reserved", .malformed), ("140000-+14ffff : Reserved", .malformed),
      ("0x140000-0x14ffff : Reserved", .malformed), ("# comment", .malformed),
      ("140000-14ffff", .malformed), (":", .malformed), ("-", .malformed),
      ("٣40000-14ffff : Reserved", .malformed), ("140000-14ffff - Reserved", .malformed),
      ("10000000000000000-1ffffffffffffffff : x", .tooLarge),
      ("140000-fffffffffffffffff : System RAM", .tooLarge),
    ] as [(String, MapFault.Reason?)])
  func reportsFaultyLines(line: String, reason: MapFault.Reason?) throws {
    let memory = IOMemory(text: "100000-1fffff : System RAM\n\n \t\r\n\(line)\n200000-2fffff : x\n")
    let fault = try #require(memory.faults.first)
    #expect(memory.faults.count == 1 && memory.resources.count == 2)
    #expect(fault.place == "/proc/iomem line 4" && fault.reason == reason)
    #expect(fault.text.utf8.count <= 52 && !fault.text.isEmpty && !fault.text.hasPrefix(" "))
  }

  @Test("The text of a fault is cut off and has no control characters")
  func faultTextIsPrintable() {
    let line = "\u{1B}[2J\u{7}" + String(repeating: "x", count: 200_000)
    let fault = IOMemory(text: line).faults.first
    #expect(fault?.text == "?[2J?" + String(repeating: "x", count: 47))
  }

  @Test(
    "Addresses are hidden when every resource of /proc/iomem is at zero",
    arguments: [
      ("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code", true),
      ("00000000-00000000 : System RAM\n00001000-00001fff : System RAM", false),
      ("00000000-00000000 : PCI Bus 0000:00", true),
      ("", false),
      ("nothing that is a resource", false),
    ])
  func recognisesHiddenAddresses(text: String, isHidden: Bool) {
    #expect(IOMemory(text: text).isHidden == isHidden)
  }

  @Test(
    "Crash regions are sorted by address whatever their order and depth",
    arguments: [
      "af000000-beffffff : Crash kernel\n433000000-43f7fffff : Crash kernel",
      "433000000-43f7fffff : Crash kernel\naf000000-beffffff : Crash kernel (low)",
      "0-ffffffffff : System RAM\n  af000000-beffffff : Crash kernel (dma)\n  433000000-43f7fffff : Crash kernel",
    ])
  func crashRegionsAreSorted(text: String) {
    #expect(
      IOMemory(text: text).crashRegions == [
        range(0xAF00_0000...0xBEFF_FFFF), range(0x4_3300_0000...0x4_3F7F_FFFF),
      ])
  }
}

func range(_ range: ClosedRange<UInt64>) -> PhysicalRange {
  PhysicalRange(
    start: PhysicalAddress(range.lowerBound), end: PhysicalAddress(range.upperBound + 1))
}
