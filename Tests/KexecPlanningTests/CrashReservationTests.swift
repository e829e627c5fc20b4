import ByteCoding
import CrashDumps
import KexecABI
import LinuxSystem
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecPlanning
@testable import RunningSystem

/// How the region of a crash kernel is found, and which contradictions are errors: a table.
@Suite struct CrashReservationTests {
  private static let whole = "00001000-0009fbff : System RAM\n00100000-5fffffff : System RAM\n"
  /// 128 MiB inside RAM.
  private static let region = "  10000000-17ffffff : Crash kernel\n"
  private static let main = physical(0x1000_0000, 0x800_0000)
  private static let large = """
    00100000-bfffffff : System RAM
      bb000000-beffffff : Crash kernel
    100000000-17fffffff : System RAM
      16f000000-17effffff : Crash kernel

    """
  private static let largeMain = physical(0x1_6F00_0000, 0x1000_0000)

  /// `crashkernel=SIZE,cma`: the running command line, crash_cma_ranges, CmaTotal, and the added
  /// RAM.
  @Test(
    "crashkernel=,cma ranges become RAM of the crash kernel and stay out of the dump",
    arguments: [
      ("crashkernel=128M", nil, "65536", .success([])),
      ("crashkernel=128M crashkernel=64M,cma", "20000000-23ffffff", "65536", .success([first])),
      (
        "crashkernel=128M crashkernel=64M,cma", "20000000-23ffffff\n30000000-30ffffff", nil,
        .success([first, physical(0x3000_0000, 0x100_0000)])
      ),
      // The kernel could not reserve it.
      ("crashkernel=128M crashkernel=64M,cma", "", "0", .success([])),
      // The file counts, whatever reserved the memory.
      ("quiet", "20000000-23ffffff", nil, .success([first])),
      // Kernels before 6.17 ignore the parameter, or have no CMA memory.
      ("crashkernel=128M crashkernel=64M,cma", nil, "0", .success([])),
      ("crashkernel=64M,cma", nil, "65536", .failure(.contiguousUnknown(word: "64M,cma"))),
      ("crashkernel=64M,cma", nil, nil, .failure(.contiguousUnknown(word: "64M,cma"))),
      ("crashkernel=64M,cma", "x-y", "1", .failure(.contiguousUnknown(word: "64M,cma"))),
      ("crashkernel=64M,cma", "20000000", "1", .failure(.contiguousUnknown(word: "64M,cma"))),
      (
        "quiet", "60000000-63ffffff", nil,
        .failure(.contiguousElsewhere(physical(0x6000_0000, 0x400_0000)))
      ),
      (
        "quiet", "17000000-18ffffff", nil,
        .failure(.contiguousElsewhere(physical(0x1700_0000, 0x200_0000)))
      ),
    ] as [(String, String?, String?, Result<[PhysicalRange], CrashRegionDoubt>)])
  func crashCMARangesJoinCrashMemory(
    line: String, ranges: String?, total: String?, wanted: Result<[PhysicalRange], CrashRegionDoubt>
  ) throws {
    var files = ["/proc/iomem": Self.whole + Self.region, "/proc/cmdline": line + "\n"]
    files["/sys/kernel/kexec/crash_cma_ranges"] = ranges.map { $0 + "\n" }
    files["/proc/meminfo"] = total.map { "MemTotal: 1048576 kB\nCmaTotal: \($0) kB\n" }
    let tree = TemporaryTree(files)
    let machine = withExtendedLifetime(tree) {
      Machine.read(FileTree(root: tree.path), with: .crash)
    }
    let found = Result { () throws(PlanningError) in
      try planned(by: .segments, on: machine) { $0.options.purpose = .crash }
    }
    switch wanted {
    case .failure(let doubt):
      #expect(throws: PlanningError.crashRegionDoubtful(doubt)) { try found.get() }
    case .success(let added):
      let plan = try found.get()
      let load = try plan.segmentLoad()
      let header = try #require(load.segments.last)
      let ram = load.memoryMap.ranges(of: .ram).ranges
      // The ranges are RAM of the crash kernel, and not in the dump.
      #expect(ram.filter { $0.start.value > Self.main.end.value } == added)
      let dumped = try #require(CoreSegments(header.bytes.array)).segments
      for range in added {
        #expect(!dumped.contains { $0.range.overlaps(range) })
        for segment in load.segments { #expect(!segment.destination.overlaps(range)) }
      }
      #expect(dumped.contains { $0.range.contains(physical(0x4000_0000, 0x1000)) })
    }
    // For kexec_file_load the running kernel handles these ranges itself.
    #expect(throws: Never.self) {
      try planned(by: .file, on: machine) { $0.options.purpose = .crash }
    }
  }

  private static let first = physical(0x2000_0000, 0x400_0000)

  /// /proc/iomem, kexec_crash_size, the running command line, and the contradiction.
  @Test(
    "A crash region that disagrees with RAM, its stated size or crashkernel= is refused",
    arguments: [
      // All sources agree, or say nothing.
      (whole + region, nil, "quiet", nil), (whole + region, "134217728", "quiet", nil),
      (whole + region, "134217728", "crashkernel=128M", nil),
      (whole + region, nil, "crashkernel=128M", nil),
      (whole + region, nil, "crashkernel=0x8000000", nil),
      (whole + region, nil, "crashkernel=128M@256M", nil),
      (whole + region, nil, "crashkernel=128M@0M", nil),
      (whole + region, nil, "crashkernel=auto", nil), (whole + region, nil, "crashkernel=", nil),
      (whole + region, nil, "crashkernel=1G-4G:128M,4G-64G:256M,64G-:512M", nil),
      (whole + region, nil, "crashkernel=64M crashkernel=128M", nil),
      (whole + region, nil, "crashkernel=128M -- crashkernel=1G", nil),
      (whole + region, nil, "crashkernel=100M,x", nil),
      (whole + region, nil, "crashkernel=64M,low", nil),
      (whole + region, "junk", "crashkernel=128M", nil),
      // The kernel rounds up.
      (whole + region, nil, "crashkernel=120M", nil),
      // Root shrank the region: both files say so.
      (whole + region, "134217728", "crashkernel=256M", nil),
      (whole + region, "134217728", "crashkernel=4G-64G:256M", nil),
      // A high and a low region: kexec_crash_size is the size of the main one (6.1), or the sum
      // (6.12), also after root has shrunk the main one.
      (large, "335544320", "crashkernel=256M,high crashkernel=64M,low", nil),
      (large, "268435456", "crashkernel=256M,high", nil), (large, nil, "crashkernel=256M", nil),
      // Nothing to compare with.
      ("", "134217728", "crashkernel=128M", nil), (whole, "0", "crashkernel=128M", nil),
      ("00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n", "5", "", nil),

      // Outside RAM: at the top level, inside another range, beyond the end of RAM, in a driver's
      // memory.
      (
        whole + "70000000-77ffffff : Crash kernel\n", nil, "",
        .outsideRAM(physical(0x7000_0000, 0x800_0000))
      ),
      (
        whole + "70000000-7fffffff : Reserved\n  70000000-77ffffff : Crash kernel\n", nil, "",
        .outsideRAM(physical(0x7000_0000, 0x800_0000))
      ),
      (
        whole + "  5f000000-66ffffff : Crash kernel\n", nil, "",
        .outsideRAM(physical(0x5F00_0000, 0x800_0000))
      ),
      (
        whole + "70000000-7fffffff : System RAM (kmem)\n  70000000-77ffffff : Crash kernel\n", nil,
        "", .outsideRAM(physical(0x7000_0000, 0x800_0000))
      ),
      ("10000000-17ffffff : Crash kernel\n", nil, "", .outsideRAM(main)),
      // Two regions that overlap.
      (
        whole + region + "  14000000-1bffffff : Crash kernel\n", nil, "",
        .overlap(main, physical(0x1400_0000, 0x800_0000))
      ),
      // kexec_crash_size is another size.
      (whole + region, "0", "", .otherSize(main, stated: 0)),
      (whole + region, "268435456", "crashkernel=128M", .otherSize(main, stated: 256 << 20)),
      (large, "67108864", "", .otherSize(largeMain, stated: 64 << 20)),
      (whole, "134217728", "", .notListed(stated: 128 << 20)),
      // Another size than the command line asked for.
      (whole + region, nil, "crashkernel=256M", .otherThanReserved(main, word: "256M")),
      (whole + region, nil, "crashkernel=64M", .otherThanReserved(main, word: "64M")),
      (whole + region, "134217728", "crashkernel=64M", .otherThanReserved(main, word: "64M")),
      (
        whole + region, nil, "crashkernel=1G-4G:64M,4G-:256M",
        .otherThanReserved(main, word: "1G-4G:64M,4G-:256M")
      ),
      (large, nil, "crashkernel=64M,high", .otherThanReserved(largeMain, word: "64M,high")),
      (whole + region, nil, "crashkernel=128M@64M", .otherPlace(main, word: "128M@64M")),
    ] as [(String, String?, String, CrashRegionDoubt?)])
  func comparesCrashRegionSources(
    memory: String, size: String?, line: String, wanted: CrashRegionDoubt?
  ) throws {
    var files = ["/proc/iomem": memory, "/proc/cmdline": line + "\n"]
    files["/sys/kernel/kexec_crash_size"] = size.map { $0 + "\n" }
    let machine = TemporaryTree(files).machine
    if let wanted {
      #expect(throws: PlanningError.crashRegionDoubtful(wanted)) {
        try machine.checkCrashReservation()
      }
    } else {
      #expect(throws: Never.self) { try machine.checkCrashReservation() }
    }
  }

  /// By both system calls, but not for a reboot.
  @Test(
    "Either system call refuses a crash kernel, but not a reboot, when the region is doubtful",
    arguments: [LoadCall.segments, .file])
  func refusesCrashLoadInDoubtfulRegion(call: LoadCall) throws {
    var machine = guest()
    machine.ioMemory = IOMemory(text: Self.whole + Self.region)
    machine.commandLine = KernelCommandLine("crashkernel=1G")
    let doubt = CrashRegionDoubt.otherThanReserved(Self.main, word: "1G")
    #expect(throws: PlanningError.crashRegionDoubtful(doubt)) {
      try planned(by: call, on: machine) { $0.options.purpose = .crash }
    }
    #expect(throws: Never.self) { try planned(by: call, on: machine) }
  }
}

extension CoreSegments.Segment {
  /// The range of RAM.
  fileprivate var range: PhysicalRange {
    physical(physicalStart, byteCount)
  }
}
