internal import ByteCoding
internal import PhysicalMemory

/// Offsets in the information of multiboot 1, section 3.3 of the specification.
private enum Layout {
  static let flags = Field<UInt32>(0x00)
  static let memLower = Field<UInt32>(0x04)
  static let memUpper = Field<UInt32>(0x08)
  static let cmdline = Field<UInt32>(0x10)
  static let modsCount = Field<UInt32>(0x14)
  static let modsAddr = Field<UInt32>(0x18)
  static let mmapLength = Field<UInt32>(0x2C)
  static let mmapAddr = Field<UInt32>(0x30)
  static let bootLoaderName = Field<UInt32>(0x40)
  static let framebuffer = 0x58
  /// Six bytes: position and size of each colour.
  static let colours = 0x6E
  static let size = 0x78
  /// Bytes of a module's entry: start, end, text, reserved.
  static let moduleSize = 16

  static let hasMemory: UInt32 = 1 << 0
  static let hasCommandLine: UInt32 = 1 << 2
  static let hasModules: UInt32 = 1 << 3
  static let hasMemoryMap: UInt32 = 1 << 6
  static let hasLoaderName: UInt32 = 1 << 9
  static let hasFramebuffer: UInt32 = 1 << 12
}

extension MultibootInformation {
  /// What EAX holds at the entry of a multiboot 1 kernel.
  package static let magic1: UInt32 = 0x2BAD_B002

  /// The information of multiboot 1 at physical address `base`, with everything that it points to. The length
  /// does not depend on `base`.
  package func encode1(at base: UInt32) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Layout.size)
    func end() -> UInt32 { base &+ UInt32(truncatingIfNeeded: bytes.count) }
    func appendText(_ text: [UInt8]) { bytes += text + [0] }

    var flags = Layout.hasMemory | Layout.hasCommandLine | Layout.hasModules
    flags |= Layout.hasMemoryMap | Layout.hasLoaderName
    bytes.store(lowerKibibytes, as: Layout.memLower)
    bytes.store(upperKibibytes, as: Layout.memUpper)
    if let screen {
      flags |= Layout.hasFramebuffer
      bytes.store(screen.encoded, at: Layout.framebuffer)
      bytes.store(screen.colours ?? [], at: Layout.colours)
    }
    bytes.store(flags, as: Layout.flags)

    // The size of an entry does not include its own field.
    var size: [UInt8] = []
    size.append(littleEndian: UInt32(E820Table.entrySize))
    let map = memoryEntries({ _ in size }, tail: [])
    bytes.store(UInt32(map.count), as: Layout.mmapLength)
    bytes.store(end(), as: Layout.mmapAddr)
    bytes += map

    bytes.store(UInt32(modules.count), as: Layout.modsCount)
    bytes.store(end(), as: Layout.modsAddr)
    var text = end() &+ UInt32(Layout.moduleSize * modules.count)
    for module in modules {
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: module.range.start.value))
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: module.range.end.value))
      bytes.append(littleEndian: text)
      bytes.append(littleEndian: UInt32(0))
      text &+= UInt32(module.text.count + 1)
    }
    for module in modules { appendText(module.text) }
    bytes.store(end(), as: Layout.cmdline)
    appendText(commandLine)
    bytes.store(end(), as: Layout.bootLoaderName)
    appendText(Self.loaderName)
    return bytes
  }
}
