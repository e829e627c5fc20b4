internal import ByteCoding
internal import PhysicalMemory

/// The types of the tags of multiboot 2, section 3.6 of the specification.
private enum Tag {
  static let end: UInt32 = 0
  static let commandLine: UInt32 = 1
  static let loaderName: UInt32 = 2
  static let module: UInt32 = 3
  static let basicMemory: UInt32 = 4
  static let memoryMap: UInt32 = 6
  static let framebuffer: UInt32 = 8
  static let oldRSDP: UInt32 = 14
  static let newRSDP: UInt32 = 15
  static let loadBase: UInt32 = 21

  /// Bytes of type and size.
  static let headerSize = 8
  /// The bytes of an entry of the memory map, and its version.
  static let memoryMapFormat: [UInt32] = [24, 0]
}

extension MultibootInformation {
  /// What EAX holds at the entry of a multiboot 2 kernel.
  package static let magic2: UInt32 = 0x36D7_6289

  /// Bytes of the ACPI RSDP of version 1; later ones are longer.
  private static let oldRSDPSize = 20

  /// The information of multiboot 2: tags, each at a multiple of eight bytes. It contains no pointers to
  /// itself, so it may be placed anywhere.
  package func encode2() -> [UInt8] {
    // The total size, and a reserved word.
    var bytes = [UInt8](repeating: 0, count: Tag.headerSize)
    func append(_ type: UInt32, _ content: [UInt8]) {
      bytes.append(littleEndian: type)
      bytes.append(littleEndian: UInt32(Tag.headerSize + content.count))
      bytes += content + [UInt8](repeating: 0, count: -content.count & 7)
    }
    func words(_ values: [UInt32]) -> [UInt8] {
      var content: [UInt8] = []
      for value in values { content.append(littleEndian: value) }
      return content
    }

    append(Tag.commandLine, commandLine + [0])
    append(Tag.loaderName, Self.loaderName + [0])
    for module in modules {
      let place = words([
        UInt32(truncatingIfNeeded: module.range.start.value),
        UInt32(truncatingIfNeeded: module.range.end.value),
      ])
      append(Tag.module, place + module.text + [0])
    }
    append(Tag.basicMemory, words([lowerKibibytes, upperKibibytes]))
    append(
      Tag.memoryMap, words(Tag.memoryMapFormat) + memoryEntries({ _ in [] }, tail: [0, 0, 0, 0]))
    if let screen {
      append(Tag.framebuffer, screen.encoded + [0, 0] + (screen.colours ?? []))
    }
    if let rsdp {
      let isOld = rsdp.count <= Self.oldRSDPSize
      append(isOld ? Tag.oldRSDP : Tag.newRSDP, rsdp)
    }
    if let loadBase { append(Tag.loadBase, words([loadBase])) }
    append(Tag.end, [])
    bytes.store(UInt32(bytes.count), as: Field(0))
    return bytes
  }
}
