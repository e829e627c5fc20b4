import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// What `mem=` and `memmap=` leave of 0x1000_0000 bytes of RAM that begin at 0.
@Suite struct CommandLineMemoryTests {
  @Test(
    "mem= and memmap= take memory away as the kernel parses them",
    arguments: [
      ("quiet", [(0, 0x1000_0000)]),
      ("mem=16M", [(0, 0x100_0000)]), ("mem=0x1000000", [(0, 0x100_0000)]),
      ("mem=16384k", [(0, 0x100_0000)]), ("mem=16m mem=32M", [(0, 0x100_0000)]),
      ("mem=16000", [(0, 0x3000)]),  // rounded down to pages
      ("mem=nopentium", [(0, 0x1000_0000)]), ("mem=", [(0, 0x1000_0000)]),
      ("mem=99999999T", [(0, 0x1000_0000)]),  // does not fit into 64 bits
      ("quiet -- mem=16M", [(0, 0x1000_0000)]), ("xmem=16M", [(0, 0x1000_0000)]),
      ("mem=0", [(0, 0x1000_0000)]),  // the kernel refuses it
      ("mem=16M@1M", [(0, 0x100_0000)]), ("mem=16Mx", [(0, 0x100_0000)]),
      ("mem=0100000000", [(0, 0x100_0000)]), ("mem=020M", [(0, 0x100_0000)]),  // octal
      ("mem=0X1000000", [(0, 0x100_0000)]), ("mem=0x10m", [(0, 0x100_0000)]),
      ("mem=-16M", [(0, 0x1000_0000)]), ("mem=+16M", [(0, 0x1000_0000)]),
      ("mem=0x", [(0, 0x1000_0000)]), ("mem=\u{661}M", [(0, 0x1000_0000)]),  // not an ASCII digit
      ("mem=1G", [(0, 0x1000_0000)]), ("mem=1T mem=1P mem=1E", [(0, 0x1000_0000)]),
      ("mem=16E mem=99999999999999999999999", [(0, 0x1000_0000)]),
      ("mem=\"16M\"", [(0, 0x100_0000)]), ("\"mem=16M\"", [(0, 0x100_0000)]),
      ("memmap=16M", [(0, 0x100_0000)]),
      ("memmap=1M$16M", [(0, 0x100_0000), (0x110_0000, 0xEF0_0000)]),
      (
        "memmap=1M#16M,1M!32M",
        [
          (0, 0x100_0000), (0x110_0000, 0xF0_0000), (0x210_0000, 0xDF0_0000),
        ]
      ),
      ("memmap=1M%16M-1+2", [(0, 0x100_0000), (0x110_0000, 0xEF0_0000)]),
      (
        "memmap=exactmap memmap=255M@1M memmap=1M$16M",
        [(0x10_0000, 0xF0_0000), (0x110_0000, 0xEF0_0000)]
      ),
      ("memmap=16M memmap=exactmap memmap=256M@0", [(0, 0x100_0000)]),
      ("memmap=1M$", [(0, 0x1000_0000)]), ("memmap=1M$x", [(0, 0x1000_0000)]),
      ("memmap=0x800$0x1800", [(0, 0x1000), (0x2000, 0xFFF_E000)]),
      ("memmap=79G$82G", [(0, 0x1000_0000)]),
      ("memmap=exactmap", []),
      ("memmap=exactmap memmap=640K@0 memmap=15M@1M", [(0, 0xA_0000), (0x10_0000, 0xF0_0000)]),
      ("memmap=exactmap,640K@0,15M@1M", [(0, 0xA_0000), (0x10_0000, 0xF0_0000)]),
      ("memmap=1M@16M", [(0, 0x1000_0000)]),  // adding RAM removes none
      ("memmap=1M$0xffffffffffffffff", [(0, 0x1000_0000)]), ("memmap=$,,1M$", [(0, 0x1000_0000)]),
    ] as [(String, [(UInt64, UInt64)])])
  func memoryParametersRestrictMemory(line: String, wanted: [(UInt64, UInt64)]) {
    let free = PhysicalRangeSet([physical(0, 0x1000_0000)])
    let left = CommandLineMemory(KernelCommandLine(line)).restrict(free)
    #expect(left.ranges == wanted.map { physical($0.0, $0.1) })
  }
}
