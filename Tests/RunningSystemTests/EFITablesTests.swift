import LinuxSystem
import PhysicalMemory
import TestSupport
import Testing

@testable import RunningSystem

@Suite struct EFITablesTests {
  /// The lines with which 6.1 and 6.12 list OVMF's tables.
  @Test(
    "The kernel's log message about EFI tables gives their addresses",
    arguments: [
      (
        "efi: SMBIOS=0x3f918000 ACPI=0x3fb7e000 ACPI 2.0=0x3fb7e014 MEMATTR=0x3dc7f018 ",
        [0x3F91_8000, 0x3FB7_E000, 0x3FB7_E014, 0x3DC7_F018]
      ),
      ("efi: TPMFinalLog=0x7ff30000 RNG=0x7e6b2f18", [0x7FF3_0000, 0x7E6B_2F18]),
      ("efi: EFI v2.70 by EDK II", []), ("efi: X= Y=12 Z=0x", []),
      ("efi: HUGE=0x1ffffffffffffffff A=0x10", [0x10]),
    ] as [(String, [UInt64])])
  func parsesLogMessage(message: String, addresses: [UInt64]) {
    #expect(EFITables.addresses(inMessage: message) == addresses)
  }

  @Test(
    "The EFI tables are found in the kernel log and cover whole pages",
    arguments: ["", "[    0.000000] ", "6,7,0,-;"])
  func findsTablesInLog(prefix: String) throws {
    let tree = TemporaryTree([
      "/sys/firmware/efi/fw_platform_size": "64",
      "/dev/kmsg": """
      \(prefix)efi: EFI v2.70 by EDK II
      \(prefix)efi: Remove mem12: MMIO range=[0xe0000000-0xefffffff] (256MB) from e820 map
      \(prefix)efi: MEMATTR=0x3dc7f018
      """,
    ])
    let efi = try #require(tree.machine.efi)
    #expect(efi.tables.addresses == [0x3DC7_F018])
    // Whole pages, beginning with the table's first page.
    let place = try #require(efi.tables.ranges.ranges.first)
    #expect(place.start.value == 0x3DC7_F000 && place.byteCount == 256 << 10)
  }

  /// If the lines are no longer in the log: the system table is at 0x1000, and lists two tables at
  /// 0x2000.
  @Test("The EFI tables are read from memory, and none if it cannot be read or is not valid")
  func readsTablesFromMemory() {
    var memory = [UInt8](repeating: 0, count: 0x2030)
    memory.replaceSubrange(0x1000..<0x1008, with: Array("IBI SYST".utf8))
    memory[0x1000 + 104] = 2
    memory[0x2010 + 1] = 0x50
    memory[0x2028 + 3] = 0x12
    let tree = TemporaryTree(bytes: ["/dev/mem": memory])
    let files = FileTree(root: tree.path)
    let tables = EFITables(in: files, array: 0x2000, systemTable: 0x1000)
    #expect(tables.addresses == [0x5000, 0x1200_0000])
    // With a wrong address, a truncated list, or unreadable memory, nothing is known.
    #expect(EFITables(in: files, array: 0x2000, systemTable: 0x1008).addresses.isEmpty)
    #expect(EFITables(in: files, array: 0x2010, systemTable: 0x1000).addresses.isEmpty)
    #expect(EFITables(in: files, array: 0x2000, systemTable: .max).addresses.isEmpty)
    #expect(EFITables(in: files, array: nil, systemTable: 0x1000).addresses.isEmpty)
    withExtendedLifetime(tree) {}
  }
}

@Suite struct SetupDataNodeTests {
  @Test("setup_data nodes are read in numeric order and malformed ones are left out")
  func nodesAreReadInOrder() {
    let directory = "/sys/kernel/boot_params/setup_data"
    let machine = TemporaryTree(bytes: [
      "\(directory)/10/type": Array("0x2\n".utf8), "\(directory)/10/data": [1, 2],
      "\(directory)/2/type": Array("0x80000007\n".utf8), "\(directory)/2/data": [3],
      "\(directory)/3/type": Array("what\n".utf8), "\(directory)/3/data": [4],
      "\(directory)/4/type": Array("0x5\n".utf8),
    ]).machine
    #expect(machine.setupData == [.init(type: 7, data: [3]), .init(type: 2, data: [1, 2])])
    #expect(TemporaryTree([:]).machine.setupData.isEmpty)
  }
}
