import KexecABI
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecPlanning
@testable import RunningSystem

/// Memory maps that are impossible, or that lack what the running kernel knows, and where a kernel
/// may be placed.
@Suite struct MemoryMapFaultTests {
  private static let gigabyte: UInt64 = 1 << 30

  /// The running kernel's parameters, and the RAM for segments if /proc/iomem hides its addresses.
  /// Firmware's map has RAM up to 3 GiB and from 4 to 20 GiB.
  @Test(
    "The running kernel's mem= and memmap= limit free memory when /proc/iomem hides its addresses",
    arguments: [
      ("", [(1, 3072), (4096, 20480)]),
      ("memmap=8G!8G", [(1, 3072), (4096, 8192), (16384, 20480)]),
      ("memmap=8G!0x200000000", [(1, 3072), (4096, 8192), (16384, 20480)]),
      ("quiet memmap=1G!4G,1G!6G", [(1, 3072), (5120, 6144), (7168, 20480)]),
      ("memmap=79G$82G memmap=12G$8G", [(1, 3072), (4096, 8192)]),
      ("memmap=64K#1M memmap=1023M#2M", [(1025, 3072), (4096, 20480)]),
      ("mem=2G", [(1, 2048)]), ("mem=2048M", [(1, 2048)]),
      ("memmap=6G", [(1, 3072), (4096, 6144)]),
      ("mem=2G memmap=1G$1G", [(1, 1024)]),
      (
        "memmap=exactmap memmap=640K@0 memmap=1023M@1M memmap=1G@4G",
        [(1, 1024), (4096, 5120)]
      ),
      ("\"memmap=8G!8G\"", [(1, 3072), (4096, 8192), (16384, 20480)]),
      ("memmap=1G%4G-1+2", [(1, 3072), (5120, 20480)]),
      // Not for the kernel, or not a size.
      ("-- memmap=8G!8G", [(1, 3072), (4096, 20480)]),
      ("mem=nopentium mem=0 memmap=x!8G", [(1, 3072), (4096, 20480)]),
    ] as [(String, [(UInt64, UInt64)])])
  func honoursRunningMemoryParameters(line: String, wanted: [(UInt64, UInt64)]) throws {
    var machine = guest(
      ram: 0...0x9_FBFF, 0x10_0000...0xBFFF_FFFF, 0x1_0000_0000...0x4_FFFF_FFFF)
    machine.ioMemory = IOMemory(text: "00000000-00000000 : System RAM\n")
    machine.commandLine = KernelCommandLine(line)
    let memory = try UsableMemory(of: machine, commandLine: KernelCommandLine(""))
    let ranges = memory.free.ranges.filter { $0.byteCount >= 1 << 20 }
    #expect(ranges == wanted.map { physical($0.0 << 20, ($0.1 - $0.0) << 20) })
    // The next kernel gets the firmware's map unchanged, and has a command line of its own.
    #expect(memory.map == machine.firmwareMap)
    // The live map takes these parameters into account already.
    machine.ioMemory = IOMemory(
      text: "00001000-0009fbff : System RAM\n00100000-4ffffffff : System RAM\n")
    let seen = try UsableMemory(of: machine, commandLine: KernelCommandLine(""))
    #expect(seen.free.ranges.count == 2)
  }

  /// Physical addresses have at most 52 bits, and fewer on some processors.
  @Test(
    "Memory beyond the processor's physical address bits is left out and noted",
    arguments: [
      ("", 52), ("address sizes\t: 46 bits physical, 48 bits virtual", 46),
      ("address sizes\t: 36 bits physical, 48 bits virtual", 36),
      ("address sizes\t: 39 bits physical, 48 bits virtual", 39),
      ("address sizes\t: 52 bits physical, 57 bits virtual", 52),
      ("address sizes\t: 64 bits physical, 48 bits virtual", 52),
      ("address sizes\t: 0 bits physical", 52), ("address sizes\t: physical", 52),
      ("address sizes\t: x bits physical", 52),
    ])
  func ignoresMemoryBeyondAddressBits(cpuinfo: String, bits: Int) throws {
    let end: UInt64 = 1 << UInt64(bits)
    let tree = TemporaryTree([
      "/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu lm\n\(cpuinfo)\n",
      "/proc/iomem":
        "00001000-0009fbff : System RAM\n00100000-1fffffff : System RAM\n"
        + "\(String(end - 4096, radix: 16))-\(String(end + 0xFFF_FFFF, radix: 16)) : System RAM\n"
        + "fff0000000000000-ffffffffffffffff : System RAM\n",
    ])
    let memory = try UsableMemory(of: tree.machine, commandLine: KernelCommandLine(""))
    #expect(memory.free.ranges.last == physical(end - 4096, 4096))
    #expect(
      memory.notes.contains(
        .memoryBeyondReach(bits: bits, byteCount: 0x1000_0000 + 0xF_FFFF_FFFF_FFFF)))
  }

  /// A warning for each, for both system calls and both maps, up to a limit.
  @Test("The first 16 faults of the memory map are noted and the others are counted")
  func limitsMemoryMapFaultNotes() throws {
    let lines = (0..<20).map { "200000-1000\($0 % 10) : System RAM\n" }.joined()
    var machine = guest()
    machine.mapFaults = IOMemory(text: "100000-1fffff : System RAM\n" + lines).faults
    for call in [LoadCall.segments, .file] {
      let notes = try planned(by: call, on: machine).notes
      let faults = notes.filter { if case .mapFault = $0 { true } else { false } }
      #expect(faults.count == 16)
      #expect(
        faults.first
          == .mapFault(
            MapFault(
              place: "/proc/iomem line 2", text: "200000-10000 : System RAM".utf8,
              reason: .inverted)))
      #expect(notes.contains(.moreMapFaults(4)))
    }
    #expect(try planned(by: .file, on: guest()).notes.allSatisfy { $0.code != .moreMapFaults })
  }
}
