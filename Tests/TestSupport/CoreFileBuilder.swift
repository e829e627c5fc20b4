/// Makes an ELF core file of the memory of a kernel that never was: all its tables are in the kernel's image.
package struct CoreFileBuilder {
  private let memory: KernelAddressSpaceFixture
  private let information: String
  /// Notes with the registers of processors, 336 bytes each.
  package var processors: [[UInt8]] = []

  /// A file with the tables of `memory`; `information` is its VMCOREINFO.
  package init(_ memory: KernelAddressSpaceFixture, _ information: String) {
    self.memory = memory
    self.information = information
  }

  /// The bytes of the file.
  package var bytes: [UInt8] {
    var notes: [UInt8] = []
    for processor in processors { notes += Self.note("CORE", type: 1, processor) }
    let words = "SYMBOL(init_top_pgt)=ffffffff81000000\nNUMBER(phys_base)=0\nPAGESIZE=4096\n"
    notes += Self.note("VMCOREINFO", type: 0, Array((information + words).utf8))
    var noteParts = ELFBuilder.Part(physical: 0, memorySize: 0, bytes: notes)
    noteParts.type = 4
    let file = ELFBuilder(is64Bit: true) {
      $0.type = 4
      $0.parts =
        [noteParts]
        + memory.tables.map { table in
          let padding = (4096 - table.bytes.count % 4096) % 4096
          let bytes = table.bytes + [UInt8](repeating: 0, count: padding)
          return ELFBuilder.Part(
            physical: table.address &- 0xffff_ffff_8000_0000, memorySize: UInt64(bytes.count),
            bytes: bytes)
        }
    }
    return file.bytes()
  }

  private static func note(_ name: String, type: UInt32, _ bytes: [UInt8]) -> [UInt8] {
    func word(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    func padded(_ bytes: [UInt8]) -> [UInt8] {
      bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }
    let named = Array(name.utf8) + [0]
    return word(UInt32(named.count)) + word(UInt32(bytes.count)) + word(type) + padded(named)
      + padded(bytes)
  }
}
