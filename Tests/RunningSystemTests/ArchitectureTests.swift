import LinuxSystem
import PhysicalMemory
import TestSupport
import Testing

@testable import RunningSystem

/// How the architecture of a captured machine is found: a table of what its files may contain.
@Suite struct ArchitectureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: [UInt8]]
    let finding: ArchitectureEvidence.Finding
    let file: String
    var testDescription: String { name }

    init(
      _ name: String, _ files: [String: [UInt8]], _ finding: ArchitectureEvidence.Finding,
      by file: String
    ) {
      (self.name, self.files, self.finding, self.file) = (name, files, finding, file)
    }

    init(
      _ name: String, memory: String, _ finding: ArchitectureEvidence.Finding
    ) {
      self.init(name, ["/proc/iomem": Array(memory.utf8)], finding, by: "/proc/iomem")
    }
  }

  private static func core(_ machine: UInt8, wide: UInt8 = 2, bigEndian: Bool = false) -> [UInt8] {
    [0x7F, 0x45, 0x4C, 0x46, wide, bigEndian ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9)
      + (bigEndian ? [0, 4, 0, machine] : [4, 0, machine, 0]) + [UInt8](repeating: 0, count: 44)
  }

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// A device tree that contains only what the reader looks for.
  private static func tree(_ names: String) -> [UInt8] {
    [0xD0, 0x0D, 0xFE, 0xED, 0, 0, 2, 0] + text(names)
  }

  private static let pc = "00001000-0009fbff : System RAM\n00100000-5ffdffff : System RAM\n"
  private static let arm64 =
    "80300000-a1fdffff : System RAM\n  80480000-8134ffff : Kernel code\n  81350000-817bffff : reserved\n"
  private static let armCPU =
    "processor\t: 0\nmodel name\t: ARMv7 Processor rev 0 (v7l)\nFeatures\t: half thumb neon\nCPU implementer\t: 0x41\nCPU architecture: 7\n"
  private static let arm64CPU =
    "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd evtstrm aes\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
  private static let riscvCPU =
    "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n"

  static let cases: [Case] = [
    // The core file's e_machine has precedence over everything else.
    Case(
      "kcore x86_64", ["/proc/kcore": core(62), "/proc/iomem": text(arm64)],
      .architecture(.x86_64), by: "/proc/kcore"),
    Case("kcore i386", ["/proc/kcore": core(3, wide: 1)], .architecture(.i386), by: "/proc/kcore"),
    Case(
      "kcore arm", ["/proc/kcore": core(40, wide: 1), "/proc/iomem": text(pc)],
      .architecture(.arm), by: "/proc/kcore"),
    Case(
      "kcore arm64", ["/proc/kcore": core(183), "/proc/iomem": text(pc)], .architecture(.arm64),
      by: "/proc/kcore"),
    Case(
      "kcore riscv64 before boot_params",
      ["/proc/kcore": core(243), "/sys/kernel/boot_params/version": text("0x020f\n")],
      .architecture(.riscv64), by: "/proc/kcore"),
    Case(
      "kcore riscv32", ["/proc/kcore": core(243, wide: 1)], .architecture(.other("riscv32")),
      by: "/proc/kcore"),
    Case(
      "kcore s390x", ["/proc/kcore": core(22, bigEndian: true)], .architecture(.other("s390x")),
      by: "/proc/kcore"),
    Case(
      "kcore of a number", ["/proc/kcore": core(99)], .architecture(.other("ELF machine 99")),
      by: "/proc/kcore"),
    Case(
      "kcore cut off", ["/proc/kcore": Array(core(183)[..<18]), "/proc/iomem": text(pc)],
      .architecture(.x86_64), by: "/proc/iomem"),
    Case(
      "kcore empty", ["/proc/kcore": [], "/proc/cpuinfo": text(arm64CPU)], .architecture(.arm64),
      by: "/proc/cpuinfo"),
    // Files that only x86 has.
    Case(
      "boot_params", ["/sys/kernel/boot_params/data": [0], "/proc/iomem": text(arm64)],
      .architecture(.x86_64), by: "/sys/kernel/boot_params"),
    Case(
      "firmware's map",
      ["/sys/firmware/memmap/0/start": text("0x0\n"), "/proc/cpuinfo": text(arm64CPU)],
      .architecture(.x86_64), by: "/sys/firmware/memmap"),
    // Device trees: the blob, or the directory.
    Case(
      "tree of arm64",
      ["/sys/firmware/fdt": tree("\0\0+arm,cortex-a53\0psci\0"), "/proc/iomem": text(pc)],
      .architecture(.arm64), by: "/sys/firmware/fdt"),
    Case(
      "tree of QEMU's arm64",
      ["/sys/firmware/fdt": tree("arm,cortex-a15-gic\0arm,armv8-timer\0arm,armv7-timer\0")],
      .architecture(.arm64), by: "/sys/firmware/fdt"),
    Case(
      "tree of arm", ["/sys/firmware/fdt": tree("arm,cortex-a9-gic\0\u{3}arm,cortex-a9\0")],
      .architecture(.arm), by: "/sys/firmware/fdt"),
    Case(
      "tree of riscv64", ["/sys/firmware/fdt": tree("riscv\0riscv,isa\0")],
      .architecture(.riscv64), by: "/sys/firmware/fdt"),
    Case(
      "directory of arm64",
      [
        "/proc/device-tree/compatible": text("raspberrypi,4-model-b\0brcm,bcm2711\0"),
        "/proc/device-tree/cpus/cpu@0/compatible": text("arm,cortex-a72\0"),
      ], .architecture(.arm64), by: "/proc/device-tree"),
    Case(
      "directory of riscv64",
      [
        "/sys/firmware/devicetree/base/model": text("x\0"),
        "/sys/firmware/devicetree/base/cpus/cpu@0/riscv,isa": text("rv64imafdc\0"),
      ], .architecture(.riscv64), by: "/sys/firmware/devicetree/base"),
    Case(
      "directory that names no processor", ["/proc/device-tree/model": text("Turris Omnia\0")],
      .notX86, by: "/proc/device-tree"),
    Case(
      "a tree that a PC's boot loader gave",
      ["/sys/firmware/fdt": tree("compatible\0"), "/proc/iomem": text(pc)],
      .architecture(.x86_64), by: "/proc/iomem"),
    Case(
      "a file that is no tree", ["/sys/firmware/fdt": text("riscv,isa"), "/proc/iomem": text(pc)],
      .architecture(.x86_64), by: "/proc/iomem"),
    // Processors in /proc/cpuinfo.
    Case(
      "cpuinfo x86_64",
      ["/proc/cpuinfo": text("vendor_id\t: GenuineIntel\nflags\t\t: fpu lm la57\n")],
      .architecture(.x86_64), by: "/proc/cpuinfo"),
    Case(
      "cpuinfo of a processor of 32 bits",
      [
        "/proc/cpuinfo": text(
          "vendor_id\t: GenuineIntel\nflags\t\t: fpu vme de pse tsc msr pae mce cx8 sep mtrr pge\n")
      ], .architecture(.i386), by: "/proc/cpuinfo"),
    Case(
      "cpuinfo x86 with a shortened list",
      ["/proc/cpuinfo": text("vendor_id\t: GenuineIntel\nflags\t\t: fpu vme\n")],
      .architecture(.x86_64), by: "/proc/cpuinfo"),
    Case(
      "cpuinfo arm", ["/proc/cpuinfo": text(armCPU), "/proc/iomem": text(pc)],
      .architecture(.arm), by: "/proc/cpuinfo"),
    Case(
      "cpuinfo arm64", ["/proc/cpuinfo": text(arm64CPU), "/proc/iomem": text(pc)],
      .architecture(.arm64), by: "/proc/cpuinfo"),
    Case(
      "a kernel of arm on a processor of arm64",
      [
        "/proc/cpuinfo": text(
          "model name\t: ARMv8 Processor rev 4 (v8l)\nFeatures\t: half thumb fastmult vfp edsp\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
        )
      ], .architecture(.arm), by: "/proc/cpuinfo"),
    Case(
      "cpuinfo riscv64", ["/proc/cpuinfo": text(riscvCPU), "/proc/iomem": text(pc)],
      .architecture(.riscv64), by: "/proc/cpuinfo"),
    Case(
      "cpuinfo s390x", ["/proc/cpuinfo": text("vendor_id       : IBM/S390\n")],
      .architecture(.other("s390x")), by: "/proc/cpuinfo"),
    // Typical ranges of a memory map.
    Case("memory of a PC", memory: pc, .architecture(.x86_64)),
    Case("memory from 1 MiB", memory: "00100000-5ffdffff : System RAM\n", .architecture(.x86_64)),
    Case(
      "memory of a PC, hidden",
      memory: "00000000-00000000 : System RAM\n00000000-00000000 : System ROM\n",
      .architecture(.x86_64)),
    Case("memory hidden, nothing else", memory: "00000000-00000000 : System RAM\n", .unknown),
    Case(
      "memory with ACPI tables",
      memory: "20000000-3fffffff : System RAM\n40000000-4fffffff : ACPI Tables\n",
      .architecture(.x86_64)),
    Case(
      "an island with a kernel",
      memory: "1aab400000-1aae42ffff : System RAM\n  1aab400000-1aac7fffff : Kernel code\n",
      .unknown),
    Case(
      "firmware's flash memory",
      memory: "fffc0000-ffffffff : Reserved\n100000000-13fffffff : System RAM\n",
      .architecture(.x86_64)),
    Case(
      "RAM that is reserved up to 4 GiB",
      memory: "80000000-f7ffffff : System RAM\nf8000000-ffffffff : Reserved\n", .unknown),
    Case(
      "memory behind the PCI window",
      memory: "100000000-13fffffff : System RAM\n3280000000-32ffffffff : PCI Bus 0000:00\n",
      .architecture(.x86_64)),
    Case("memory of arm64", memory: arm64, .notX86),
    Case(
      "memory over a PC's hole",
      memory: "00000000-7fffffff : System RAM\n  00208000-018fffff : Kernel code\n", .notX86),
    Case(
      "memory of riscv64",
      memory: "80200000-ffffffff : System RAM\n  80202000-8157ffff : Kernel image\n", .notX86),
    Case(
      "devices of a device tree",
      memory: "0010f000-0010f0ff : 10f000.sram sram@10f000\n40000000-7fffffff : System RAM\n",
      .notX86),
    Case(
      "memory of riscv64 before the image had a line",
      memory: "80200000-ffffffff : System RAM\n  80202000-8157ffff : Kernel code\n"
        + "  81800000-81bfffff : Kernel rodata\n", .notX86),
    Case(
      "memory of arm",
      memory: "20000000-9fffffff : System RAM\n  20008000-207fffff : Kernel code\n", .notX86),
    Case(
      "memory of arm from 1 MiB",
      memory: "00100000-3fffffff : System RAM\n  00108000-007fffff : Kernel code\n", .notX86),
    Case("memory that shows nothing", memory: "20000000-9fffffff : System RAM\n", .unknown),
    Case("two regions and no more", memory: "  e2200000-f1bfffff : Crash kernel (low)\n", .unknown),
    Case("nothing at all", [:], .unknown, by: "/proc/iomem"),
  ]

  @Test(
    "The architecture of a captured machine is found by its most reliable file",
    arguments: cases)
  func findsArchitectureInFiles(row: Case) {
    let tree = TemporaryTree(bytes: row.files)
    let evidence = ArchitectureEvidence(in: FileTree(root: tree.path))
    #expect(evidence.finding == row.finding)
    #expect(evidence.file == row.file)
  }

  /// The memory maps of all fixture machines: x86 is recognised, and no other machine is taken for
  /// x86.
  @Test(
    "The memory map of a fixture machine is taken for x86 only if the machine is x86",
    arguments: MachineFixture.all.filter { !$0.ioMemoryText.isEmpty })
  func recognisesX86InFixtureMaps(fixture: MachineFixture) {
    let finding = IOMemory(text: fixture.ioMemoryText).architecture
    if fixture.isX86 {
      // Excerpts with lines only of a device, of a driver's memory, or of a range above 4 GiB.
      let isExcerpt = IOMemory(text: fixture.ioMemoryText).resources.allSatisfy {
        $0.name != "System RAM" || $0.range.start.value > 1 << 32
      }
      #expect(finding == .architecture(.x86_64) || (isExcerpt && finding == .unknown))
    } else {
      #expect(finding != .architecture(.x86_64))
    }
  }

  @Test(
    "An architecture is known by its usual names",
    arguments: [
      ("x86_64", .x86_64), ("amd64", .x86_64), ("i686", .i386), ("aarch64", .arm64),
      ("arm64", .arm64), ("armv7l", .arm), ("riscv64", .riscv64), ("s390x", .other("s390x")),
      ("", nil), ("x86_65", nil), ("X86_64", nil),
    ] as [(String, Architecture?)])
  func parsesArchitectureNames(name: String, wanted: Architecture?) {
    #expect(Architecture(named: name) == wanted)
  }
}

@Suite struct XenDomainTests {
  /// What Xen's dom0 and guests show.
  @Test(
    "The files of Xen show whether this is the first or a paravirtual domain",
    arguments: [
      (["/proc/xen/capabilities": "control_d\n"], .first),
      (["/proc/xen/capabilities": "control_d\n", "/sys/hypervisor/guest_type": "PVH\n"], .first),
      (["/proc/xen/capabilities": ""], nil),
      (
        ["/sys/hypervisor/type": "xen\n", "/sys/hypervisor/properties/features": "00002f05\n"],
        .first
      ),
      (["/sys/hypervisor/type": "xen\n", "/sys/hypervisor/guest_type": "PV\n"], .paravirtual),
      (["/sys/hypervisor/type": "xen\n", "/sys/hypervisor/guest_type": "HVM\n"], nil),
      (["/sys/hypervisor/type": "xen\n", "/sys/hypervisor/guest_type": "PVH\n"], nil),
      (["/sys/hypervisor/type": "xen\n"], nil),
      (["/sys/hypervisor/guest_type": "PV\n"], nil), ([:], nil),
    ] as [([String: String], XenDomain?)])
  func recognisesXenDomain(files: [String: String], wanted: XenDomain?) {
    #expect(TemporaryTree(files).machine.xenDomain == wanted)
  }
}
