internal import RunningSystem
package import PhysicalMemory
internal import ByteCoding

/// What a multiboot kernel is told about its machine. The tables of both specifications are made from it; all
/// addresses in them are below 4 GiB.
package struct MultibootInformation: Sendable {
  /// A file that is loaded beside the kernel.
  package struct Module: Equatable, Sendable {
    /// Where it is; the end is behind its last byte.
    package var range: PhysicalRange
    /// Its name and arguments, as the user gave them.
    package var text: [UInt8]

    /// The module in `range`, called `text`.
    package init(range: PhysicalRange, text: [UInt8]) {
      self.range = range
      self.text = text
    }
  }

  /// The command line, without its terminator.
  package var commandLine: [UInt8]
  /// The modules, in order.
  package var modules: [Module]
  /// The memory map.
  package var memory: MemoryMap
  /// The screen; nil when it is unknown.
  package var screen: MultibootScreen?
  /// The ACPI RSDP's own bytes; nil when they cannot be read. Multiboot 2 only.
  package var rsdp: [UInt8]?
  /// Where the kernel was loaded, when it was moved. Multiboot 2 only.
  package var loadBase: UInt32?

  /// The information with these parts.
  package init(commandLine: [UInt8], memory: MemoryMap) {
    self.commandLine = commandLine
    self.modules = []
    self.memory = memory
  }

  /// The name that the kernel is told of its loader.
  static let loaderName = Array("kexec".utf8)

  /// KiB of RAM from address 0 to the first gap, at most 640.
  var lowerKibibytes: UInt32 {
    let page = PhysicalAddress(pageSize)
    let low = memory.undisputedRAM.ranges.first { $0.start <= page && page < $0.end }
    return UInt32(min((low?.end.value ?? 0) / .kibibytes(1), 640))
  }

  /// KiB of RAM from 1 MiB to the first gap.
  var upperKibibytes: UInt32 { UInt32(clamping: E820Table(memory).kibibytesAbove1MiB) }

  /// The memory map with 24 bytes for each entry. The first bytes of an entry depend on the specification.
  func memoryEntries(_ head: (MemoryMap.Entry) -> [UInt8], tail: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in E820Table(memory).entries {
      bytes += head(entry)
      bytes.append(littleEndian: entry.range.start.value)
      bytes.append(littleEndian: entry.range.byteCount)
      // Both specifications know these five kinds of memory, by the numbers of e820.
      let known: [MemoryKind] = [.ram, .reserved, .acpiTables, .acpiNonVolatile, .unusable]
      let kind = known.contains(entry.kind) ? entry.kind : .reserved
      bytes.append(littleEndian: kind.e820Type)
      bytes += tail
    }
    return bytes
  }
}

/// A screen, as a multiboot kernel is told about it.
package struct MultibootScreen: Equatable, Sendable {
  /// Where its memory is.
  package var address: UInt64
  /// Bytes from one line to the next.
  package var pitch: UInt32
  /// In pixels, or characters.
  package var width: UInt32
  /// In pixels, or characters.
  package var height: UInt32
  /// Bits of a pixel, or a character.
  package var depth: UInt8
  /// Position and size of red, green and blue in a pixel; nil for the text of an EGA.
  package var colours: [UInt8]?

  /// The EGA text mode that every PC starts in.
  package static let text = MultibootScreen(
    address: 0xB8000, pitch: 160, width: 80, height: 25, depth: 16, colours: nil)

  /// The screen of the running kernel's boot_params; nil when they have none.
  package init?(bootParameters: [UInt8]) {
    guard bootParameters.count >= BootParameters.size else { return nil }
    func load<Value>(_ field: Field<Value>) -> Value { bootParameters.loadField(field) }
    let kind = load(BootParameters.origVideoIsVGA)
    guard ScreenInfo.isFramebuffer(kind) else {
      guard ScreenInfo.isText(kind) || kind == ScreenInfo.Kind.egaColour else { return nil }
      self = .text
      return
    }
    let high =
      (load(ScreenLayout.capabilities) & ScreenLayout.has64BitBase) != 0
      ? UInt64(load(ScreenLayout.baseHigh)) << 32 : 0
    address = high | UInt64(load(ScreenLayout.base))
    pitch = UInt32(load(ScreenLayout.lineLength))
    width = UInt32(load(ScreenLayout.width))
    height = UInt32(load(ScreenLayout.height))
    depth = UInt8(clamping: load(ScreenLayout.depth))
    // In boot_params the size comes before the position, here behind it.
    colours = ScreenLayout.colours.flatMap { offset in
      [bootParameters[offset + 1], bootParameters[offset]]
    }
  }

  private init(
    address: UInt64, pitch: UInt32, width: UInt32, height: UInt32, depth: UInt8, colours: [UInt8]?
  ) {
    self.address = address
    self.pitch = pitch
    self.width = width
    self.height = height
    self.depth = depth
    self.colours = colours
  }

  /// Offsets in `struct screen_info`, which boot_params start with.
  private enum ScreenLayout {
    static let width = Field<UInt16>(0x12)
    static let height = Field<UInt16>(0x14)
    static let depth = Field<UInt16>(0x16)
    static let base = Field<UInt32>(0x18)
    static let lineLength = Field<UInt16>(0x24)
    static let colours = [0x26, 0x28, 0x2A]
    static let capabilities = Field<UInt32>(0x36)
    /// VIDEO_CAPABILITY_64BIT_BASE.
    static let has64BitBase: UInt32 = 1 << 1
    static let baseHigh = Field<UInt32>(0x3A)
  }

  private static let rgb: UInt8 = 1
  private static let egaText: UInt8 = 2

  /// framebuffer_type.
  var kind: UInt8 { colours == nil ? Self.egaText : Self.rgb }

  /// address, pitch, width, height, bits per pixel and type: the same in both specifications.
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: address)
    bytes.append(littleEndian: pitch)
    bytes.append(littleEndian: width)
    bytes.append(littleEndian: height)
    return bytes + [depth, kind]
  }
}
