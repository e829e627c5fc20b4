import ByteCoding
import CrashDumps
import ELFFormat
import LinuxSystem
import PhysicalMemory
import TestSupport
import Testing

@testable import RunningSystem

@Suite struct CrashFactsTests {
  @Test("Crash facts are empty on a machine without any files")
  func readsCrashFactsWithoutFiles() {
    let facts = facts([:])
    #expect(facts.processorNotes.isEmpty)
    #expect(facts.vmcoreInfo == nil)
    #expect(facts.kernelImage == nil)
    #expect(facts.directMap == nil)
    #expect(facts.headerSize == nil)
    #expect(facts.leavesLowMemory)
    #expect(TemporaryTree([:]).machine.crash == nil)
  }

  /// Processor numbers may have gaps and are sorted as numbers. Addresses are hexadecimal without
  /// 0x, sizes are decimal.
  @Test("Processor notes are read in numeric order and invalid ones are left out")
  func readsProcessorNotes() {
    let directory = "/sys/devices/system/cpu"
    let facts = facts([
      "\(directory)/cpu10/crash_notes": "7e400\n", "\(directory)/cpu10/crash_notes_size": "368\n",
      "\(directory)/cpu0/crash_notes": "5e639400\n", "\(directory)/cpu0/crash_notes_size": "368\n",
      "\(directory)/cpu2/crash_notes": "100000\n",
      "\(directory)/cpu3/crash_notes": "0\n", "\(directory)/cpu4/crash_notes": "junk\n",
      "\(directory)/cpu5/topology/core_id": "0\n", "\(directory)/cpufreq/x": "1\n",
      "\(directory)/cpu6/crash_notes": "ffffffffffffff00\n",
    ])
    #expect(
      facts.processorNotes == [
        range(0x5E63_9400...0x5E63_956F), range(0x10_0000...0x10_03FF), range(0x7_E400...0x7_E56F),
      ])
  }

  @Test(
    "The address and size of VMCOREINFO are read, and invalid text is ignored",
    arguments: [
      ("0x00000000011fa000 1024\n", range(0x11F_A000...0x11F_B023)), ("0x1000 0\n", nil),
      ("0x1000\n", nil), ("1000 x\n", nil), ("0x1000 10 10\n", nil), ("", nil),
      ("0xffffffffffffffff 1024\n", nil),
    ] as [(String, PhysicalRange?)])
  func readsVMCOREINFO(text: String, wanted: PhysicalRange?) {
    #expect(facts(["/sys/kernel/vmcoreinfo": text]).vmcoreInfo == wanted)
  }

  @Test(
    "The elfcorehdr size of the running kernel is read if it is a positive number",
    arguments: [("537208\n", 537_208), ("0\n", nil), ("x\n", nil)] as [(String, UInt64?)])
  func readsCoreHeaderSize(text: String, wanted: UInt64?) {
    #expect(facts(["/sys/kernel/crash_elfcorehdr_size": text]).headerSize == wanted)
  }

  @Test(
    "Kernels from 5.5 on, and those of unknown version, leave low memory alone",
    arguments: [
      ("Linux version 6.1.0-56-cloud-amd64 (x@y) #1", true), ("Linux version 5.5.0", true),
      ("Linux version 5.4.300-1", false), ("Linux version 4.19.0", false),
      ("Linux version 3.10.0-1160.el7", false), ("Linux version unknown", true), ("", true),
    ])
  func recognisesKernelsLeavingLowMemory(version: String, isLeft: Bool) {
    #expect(facts(["/proc/version": version]).leavesLowMemory == isLeft)
  }

  /// A 6.1 kernel with KASLR: the image, the direct map in two parts, and ranges without an
  /// address.
  @Test("/proc/kcore gives the kernel image and the start of the direct map")
  func findsKernelAndDirectMap() throws {
    let facts = facts(segments: [
      (0xFFFF_FFFF_8820_0000, 0x30E0_0000, 0x283_0000), (0xFFFF_B000_0000_0000, .max, 1 << 40),
      (0xFFFF_FFFF_C000_0000, .max, 0x3F00_0000), (0xFFFF_8DC6_C000_1000, 0x1000, 0x9_E000),
      (0xFFFF_F706_0000_0000, .max, 0x3000), (0xFFFF_8DC6_C010_0000, 0x10_0000, 0x5FEE_0000),
    ])
    #expect(facts.directMap == 0xFFFF_8DC6_C000_0000)
    let image = try #require(facts.kernelImage)
    #expect(image.virtualStart == 0xFFFF_FFFF_8820_0000)
    #expect(image.memory == range(0x30E0_0000...0x3362_FFFF))
  }

  /// Before 4.13 all physical addresses were 0.
  @Test("The kernel image and the direct map are found without physical addresses in /proc/kcore")
  func findsMappingsWithoutAddresses() throws {
    let facts = facts(segments: [
      (0xFFFF_FFFF_8100_0000, 0, 0x283_0000), (0xFFFF_8800_0000_1000, 0, 0x9_E000),
      (0xFFFF_8800_0010_0000, 0, 0x5FEE_0000), (0xFFFF_C900_0000_0000, 0, 1 << 40),
    ])
    #expect(facts.directMap == 0xFFFF_8800_0000_0000)
    let image = try #require(facts.kernelImage)
    #expect(image.virtualStart == 0xFFFF_FFFF_8100_0000)
    // The code starts at 0x34200000.
    #expect(image.memory == range(0x3420_0000...0x36A2_FFFF))
  }

  @Test("Impossible mappings in /proc/kcore are ignored")
  func ignoresImpossibleMappings() {
    let facts = facts(segments: [
      (0xFFFF_8DC6_C000_1000, 0x2000, 0x9_E000),  // not a multiple of 1 GiB
      (0xFFFF_8000_0000_0000, 0x40_0000_0000, 0x1000),  // not RAM
      (0xFFFF_FFFF_F000_0000, 0x1000, 0x1000),  // not a possible address of an image
      (0xFFFF_FFFF_8100_0000, UInt64.max - 0xFFF, 0x2000),  // beyond the end
    ])
    #expect(facts.directMap == nil)
    #expect(facts.kernelImage == nil)
  }

  @Test(
    "A broken /proc/kcore gives no direct map",
    arguments: [[], [0x7F], Array("\u{7F}ELF".utf8)] as [[UInt8]])
  func ignoresBrokenCore(bytes: [UInt8]) {
    let tree = TemporaryTree(bytes: ["/proc/kcore": bytes])
    let facts = CrashFacts(in: FileTree(root: tree.path), ioMemory: IOMemory(text: ""))
    #expect(facts.directMap == nil)
  }

  @Test("A dump holds all RAM, also driver-managed RAM, except the crash region and the GART")
  func dumpsRAMWithoutCrashRegion() {
    let memory = IOMemory(
      text: """
        00001000-0009fbff : System RAM
        00100000-5ffdffff : System RAM
          34200000-35001ef1 : Kernel code
          4e000000-5dffffff : Crash kernel
          5e000000-5fffffff : GART
        100000000-17fffffff : virtio0
          100000000-10fffffff : System RAM (virtio_mem)
        200000000-20fffffff : Soft Reserved
          200000000-20fffffff : dax0.0
            200000000-207ffffff : System RAM (kmem)
        """)
    #expect(
      memory.dumpedRAM.ranges == [
        range(0x1000...0x9_FBFF), range(0x10_0000...0x4DFF_FFFF),
        range(0x1_0000_0000...0x1_0FFF_FFFF), range(0x2_0000_0000...0x2_07FF_FFFF),
      ])
  }

  private static let ioMemory = IOMemory(
    text: """
      00001000-0009fbff : System RAM
      00100000-5ffdffff : System RAM
        34200000-35001ef1 : Kernel code
      """)

  private func facts(_ files: [String: String]) -> CrashFacts {
    let tree = TemporaryTree(files)
    return withExtendedLifetime(tree) {
      CrashFacts(in: FileTree(root: tree.path), ioMemory: Self.ioMemory)
    }
  }

  /// The facts of a machine whose /proc/kcore has these segments: virtual address, physical
  /// address, size.
  private func facts(segments: [(UInt64, UInt64, UInt64)]) -> CrashFacts {
    let mappings = segments.map { virtual, _, size in
      CoreHeader.Mapping(
        virtualStart: virtual,
        memory: PhysicalRange(start: PhysicalAddress(0), end: PhysicalAddress(size)))
    }
    var file = CoreHeader(notes: [], mappings: mappings).encode(.bits64)
    for (number, segment) in segments.enumerated() {
      file.store(segment.1, as: Field<UInt64>(24), base: 64 + 56 * number)  // p_paddr
    }
    let tree = TemporaryTree(bytes: ["/proc/kcore": file])
    return withExtendedLifetime(tree) {
      CrashFacts(in: FileTree(root: tree.path), ioMemory: Self.ioMemory)
    }
  }
}
