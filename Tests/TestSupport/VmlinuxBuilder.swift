internal import ByteCoding

/// Makes small kernels as the linker makes them: an x86_64 ELF file followed by its relocation
/// table. The defaults resemble a kernel of the 6.1 series: four parts with gaps between them, the
/// third one linked to virtual address 0, and three lists.
///
/// Offsets are written here a second time, so that a wrong one in the product is found.
package struct VmlinuxBuilder: Sendable {
  /// A program header and its bytes.
  package struct Part: Sendable {
    /// p_type; 1 for PT_LOAD.
    package var type: UInt32 = 1
    /// p_paddr.
    package var physical: UInt64
    /// p_vaddr.
    package var virtual: UInt64
    /// p_memsz.
    package var memorySize: UInt64
    /// Its bytes in the file.
    package var bytes: [UInt8]

    /// A part of `memorySize` bytes that starts with `bytes`.
    package init(physical: UInt64, virtual: UInt64, memorySize: UInt64, bytes: [UInt8]) {
      self.physical = physical
      self.virtual = virtual
      self.memorySize = memorySize
      self.bytes = bytes
    }
  }

  /// e_entry.
  package var entry: UInt64 = 0x100_0040
  /// e_machine.
  package var machine: UInt16 = 62
  /// The program headers.
  package var parts: [Part]
  /// The relocation table: link-time virtual addresses in lists, each preceded by a 0.
  package var lists: [[UInt64]] = [
    [Self.text + 0x10, Self.initial + 0x8],  // 64 bits
    [Self.text + 0x20],  // 32 bits, inverse
    [Self.text + 0x30, Self.data + 0x4],  // 32 bits
  ]
  /// What follows the section headers instead of `lists`; nil for `lists`.
  package var trailer: [UInt8]?

  /// Virtual address of the first part.
  package static let text: UInt64 = 0xFFFF_FFFF_8100_0000
  /// Virtual address of the second part.
  package static let data: UInt64 = 0xFFFF_FFFF_8120_0000
  /// Virtual address by which the table refers to the fourth part.
  package static let initial: UInt64 = 0xFFFF_FFFF_8130_1000

  /// The default kernel.
  package init() {
    parts = [
      Part(
        physical: 0x100_0000, virtual: Self.text, memorySize: 0x1800,
        bytes: Self.content(of: 1, size: 0x300)),
      Part(
        physical: 0x120_0000, virtual: Self.data, memorySize: 0x10_0000,
        bytes: Self.content(of: 2, size: 0x280)),
      Part(
        physical: 0x130_0000, virtual: 0, memorySize: 0x1000,
        bytes: Self.content(of: 3, size: 0x100)),
      Part(
        physical: 0x130_1000, virtual: Self.initial, memorySize: 0xF_0000,
        bytes: Self.content(of: 4, size: 0x200)),
    ]
    parts[0].bytes.store(Self.data, as: Field(0x10))
    parts[0].bytes.store(UInt32(0x2000_0000), as: Field(0x20))
    parts[0].bytes.store(UInt32(0x8120_0040), as: Field(0x30))
    parts[1].bytes.store(UInt32(0xFFFF_FFF0), as: Field(0x4))
    parts[3].bytes.store(Self.text + 0x40, as: Field(0x8))
  }

  /// The default kernel with some changes.
  package init(_ change: (inout VmlinuxBuilder) -> Void) {
    self.init()
    change(&self)
  }

  /// The offset in the file of the bytes of the part at `index`.
  package func fileOffset(_ index: Int) -> Int {
    parts[..<index].reduce(64 + 56 * parts.count) { $0 + $1.bytes.count }
  }

  /// The offset of the relocation table.
  package var tableOffset: Int { fileOffset(parts.count) + 2 * 64 }

  /// The bytes of the file.
  package var bytes: [UInt8] {
    var file = [UInt8](repeating: 0, count: 64 + 56 * parts.count)
    file.store([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1], at: 0)
    file.store(UInt16(2), as: Field(16))  // ET_EXEC
    file.store(machine, as: Field(18))
    file.store(UInt32(1), as: Field(20))
    file.store(entry, as: Field(24))
    file.store(UInt64(64), as: Field(32))  // e_phoff
    file.store(UInt64(tableOffset - 2 * 64), as: Field(40))  // e_shoff
    file.store(UInt16(64), as: Field(52))
    file.store(UInt16(56), as: Field(54))
    file.store(UInt16(parts.count), as: Field(56))
    file.store(UInt16(64), as: Field(58))
    file.store(UInt16(2), as: Field(60))
    for (index, part) in parts.enumerated() {
      let header = 64 + 56 * index
      file.store(part.type, as: Field(header))
      file.store(UInt32(7), as: Field(header + 4))
      file.store(UInt64(fileOffset(index)), as: Field(header + 8))
      file.store(part.virtual, as: Field(header + 16))
      file.store(part.physical, as: Field(header + 24))
      file.store(UInt64(part.bytes.count), as: Field(header + 32))
      file.store(part.memorySize, as: Field(header + 40))
    }
    for part in parts { file += part.bytes }
    file += [UInt8](repeating: 0, count: 2 * 64)
    if let trailer { return file + trailer }
    for list in lists {
      for word in [0] + list {
        file += [UInt8](repeating: 0, count: 4)
        file.store(UInt32(truncatingIfNeeded: word), as: Field(file.count - 4))
      }
    }
    return file
  }

  private static func content(of part: UInt8, size: Int) -> [UInt8] {
    (0..<size).map { part &* 0x31 &+ UInt8(truncatingIfNeeded: $0) }
  }
}
