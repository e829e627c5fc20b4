import ByteCoding

/// Makes small ELF executables of 32 or 64 bits.
///
/// Offsets are written here a second time, so that a wrong one in the product is found.
package struct ELFBuilder: Sendable {
  /// A program header and its bytes.
  package struct Part: Sendable {
    /// p_type; 1 for PT_LOAD.
    package var type: UInt32 = 1
    /// p_paddr.
    package var physical: UInt64
    /// p_memsz.
    package var memorySize: UInt64
    /// p_filesz; nil for the number of `bytes`.
    package var fileSize: UInt64?
    /// p_offset; nil for the offset of `bytes`.
    package var offset: UInt64?
    /// Its bytes in the file.
    package var bytes: [UInt8]

    /// A part that is loaded (PT_LOAD).
    package init(physical: UInt64, memorySize: UInt64, bytes: [UInt8]) {
      self.physical = physical
      self.memorySize = memorySize
      self.bytes = bytes
    }
  }

  /// Whether addresses have 64 bits.
  package var is64Bit: Bool
  /// e_machine.
  package var machine: UInt16
  /// e_type.
  package var type: UInt16 = 2
  /// e_entry.
  package var entry: UInt64 = 0x10_0000
  /// p_align of each program header.
  package var alignment: UInt64 = 0
  /// e_phentsize; nil for the correct value.
  package var headerSize: Int?
  /// The program headers.
  package var parts: [Part] = [
    Part(physical: 0x10_0000, memorySize: 0x3000, bytes: [UInt8](repeating: 0xF4, count: 0x1800))
  ]

  /// An executable for x86_64, or for i386.
  package init(is64Bit: Bool, _ change: (inout ELFBuilder) -> Void = { _ in }) {
    self.is64Bit = is64Bit
    machine = is64Bit ? 62 : 3
    change(&self)
  }

  /// A note as in a Linux kernel.
  package static var linuxNote: Part {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt32(6))
    bytes.append(littleEndian: UInt32(4))
    bytes.append(littleEndian: UInt32(0x101))
    bytes += Array("Linux".utf8) + [0, 0, 0] + [1, 2, 3, 4]
    var part = Part(physical: 0, memorySize: 0, bytes: bytes)
    part.type = 4
    return part
  }

  /// The bytes of the file. `head`, for a multiboot header, follows the program headers.
  package func bytes(head: [UInt8] = []) -> [UInt8] {
    let (headerBytes, partBytes) = is64Bit ? (64, 56) : (52, 32)
    var file = [UInt8](repeating: 0, count: headerBytes + partBytes * parts.count)
    file.store([0x7F, 0x45, 0x4C, 0x46, is64Bit ? 2 : 1, 1, 1], at: 0)
    file.store(type, as: Field(16))
    file.store(machine, as: Field(18))
    let size = UInt16(headerSize ?? partBytes)
    if is64Bit {
      file.store(entry, as: Field(24))
      file.store(UInt64(headerBytes), as: Field(32))
      file.store(size, as: Field(54))
      file.store(UInt16(parts.count), as: Field(56))
    } else {
      file.store(UInt32(truncatingIfNeeded: entry), as: Field(24))
      file.store(UInt32(headerBytes), as: Field(28))
      file.store(size, as: Field(42))
      file.store(UInt16(parts.count), as: Field(44))
    }
    var offset = UInt64((file.count + head.count + 7) & ~7)
    for (index, part) in parts.enumerated() {
      let header = headerBytes + partBytes * index
      let place = part.offset ?? offset
      let fileSize = part.fileSize ?? UInt64(part.bytes.count)
      file.store(part.type, as: Field(header))
      if is64Bit {
        for (field, value) in [
          (8, place), (24, part.physical), (32, fileSize), (40, part.memorySize), (48, alignment),
        ] { file.store(value, as: Field<UInt64>(header + field)) }
      } else {
        for (field, value) in [
          (4, place), (12, part.physical), (16, fileSize), (20, part.memorySize), (28, alignment),
        ] { file.store(UInt32(truncatingIfNeeded: value), as: Field(header + field)) }
      }
      offset += UInt64(part.bytes.count)
    }
    // A multiboot header is aligned to eight bytes.
    file += [UInt8](repeating: 0, count: -file.count & 7) + head
    file += [UInt8](repeating: 0, count: -file.count & 7)
    for part in parts { file += part.bytes }
    return file
  }
}

/// Makes multiboot headers.
package enum MultibootBuilder {
  /// A multiboot 1 header; `addresses` are header, load, load end, bss end and entry.
  package static func header1(flags: UInt32, addresses: [UInt32] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in [0x1BAD_B002, flags, 0 &- 0x1BAD_B002 &- flags] + addresses {
      bytes.append(littleEndian: word)
    }
    return bytes
  }

  /// A multiboot 2 tag.
  package static func tag(_ type: UInt16, optional: Bool = false, _ words: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: type)
    bytes.append(littleEndian: UInt16(optional ? 1 : 0))
    bytes.append(littleEndian: UInt32(8 + 4 * words.count))
    for word in words { bytes.append(littleEndian: word) }
    return bytes + [UInt8](repeating: 0, count: -bytes.count & 7)
  }

  /// A multiboot 2 header with `tags` and the end tag.
  package static func header2(_ tags: [UInt8]..., architecture: UInt32 = 0) -> [UInt8] {
    let content = tags.flatMap { $0 } + tag(0, [])
    let length = UInt32(16 + content.count)
    var bytes: [UInt8] = []
    for word in [
      0xE852_50D6, architecture, length, 0 &- 0xE852_50D6 &- architecture &- length,
    ] { bytes.append(littleEndian: word) }
    return bytes + content
  }
}
