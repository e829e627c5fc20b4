internal import RunningSystem
internal import ByteCoding
internal import KernelImages
package import PhysicalMemory

/// What an x86 kernel reads before it knows the machine, in one segment: boot_params, the command line, the
/// setup_data nodes and the EFI map.
///
/// Its length does not depend on its address, so it can be placed first and encoded then.
package struct BootBlock: Sendable {
  /// The setup header to copy into boot_params, from 0x1F1 on.
  package var header: [UInt8]
  /// The boot_params of the running kernel, from which the next one inherits.
  package var inherited: [UInt8]?
  /// The command line, without its terminator.
  package var commandLine: [UInt8]
  /// The memory map.
  package var e820: E820Table
  /// The address of the ACPI RSDP if boot_params do not have it; with 0 the kernel searches for it.
  package var rsdpAddress: UInt64
  /// EFI state to hand over, if any.
  package var efi: EFIHandover?
  /// Random bytes for the kernel's generator, if any.
  package var randomSeed: [UInt8]?
  /// What the next kernel is told about the screen.
  package var screen = Screen.inherited
  /// More setup_data nodes: those of the running kernel that the next one gets too, and the user's.
  package var moreSetupData: [SetupData] = []
  /// Whether the kernel was moved to a random address. The decompressor would have set that flag.
  package var isRandomised = false

  /// What a kernel is told about the screen.
  package enum Screen: Equatable, Sendable {
    /// The same as the running kernel.
    case inherited
    /// The same, but without the framebuffer that firmware has set up, because the screen no longer shows it.
    case withoutFramebuffer
    /// Plain text, 80 by 25.
    case text
  }

  /// A block of these parts.
  package init(
    header: [UInt8], inherited: [UInt8]?, commandLine: [UInt8], e820: E820Table,
    rsdpAddress: UInt64 = 0, efi: EFIHandover? = nil, randomSeed: [UInt8]? = nil
  ) {
    self.header = header
    self.inherited = inherited
    self.commandLine = commandLine
    self.e820 = e820
    self.rsdpAddress = rsdpAddress
    self.efi = efi
    self.randomSeed = randomSeed
  }

  /// Where the command line starts in the block.
  package static let commandLineOffset = BootParameters.size

  /// Bytes that the block takes.
  package var byteCount: Int { layout.end }

  /// The block's bytes when it starts at `base` and the initrd is at `initrd`.
  package func encode(at base: PhysicalAddress, initrd: PhysicalRange?) -> [UInt8] {
    let layout = layout
    var bytes = [UInt8](repeating: 0, count: layout.end)
    bytes.store(commandLine, at: layout.commandLine)
    for (index, node) in setupData.enumerated() {
      let next = index + 1 < layout.nodes.count ? base.value + UInt64(layout.nodes[index + 1]) : 0
      bytes.store(node.encode(next: next), at: layout.nodes[index])
    }
    bytes.store(efi?.runtimeMap ?? [], at: layout.efiMap)

    inherit(into: &bytes)
    bytes.store(header, at: SetupHeader.start)
    inheritSubarchitecture(into: &bytes)
    bytes.store(SetupHeader.kexecLoader, as: SetupHeader.typeOfLoader)
    var flags = LoadFlags(rawValue: bytes.loadField(SetupHeader.loadflags)).subtracting(.kaslr)
    if isRandomised { flags.insert(.kaslr) }
    bytes.store(flags.rawValue, as: SetupHeader.loadflags)
    storeMemory(into: &bytes)
    if bytes.loadField(BootParameters.acpiRSDPAddress) == 0 {
      bytes.store(rsdpAddress, as: BootParameters.acpiRSDPAddress)
    }
    bytes.store(
      base.value + UInt64(layout.commandLine), low: SetupHeader.cmdLinePtr,
      high: BootParameters.extCmdLinePtr)
    bytes.store(
      initrd?.start.value ?? 0, low: SetupHeader.ramdiskImage, high: BootParameters.extRamdiskImage)
    bytes.store(
      initrd?.byteCount ?? 0, low: SetupHeader.ramdiskSize, high: BootParameters.extRamdiskSize)
    // A list in the file's header would have wrong addresses.
    if header.count >= SetupHeader.setupData.end - SetupHeader.start || !layout.nodes.isEmpty {
      let first = layout.nodes.first.map { base.value + UInt64($0) } ?? 0
      bytes.store(first, as: SetupHeader.setupData)
    }
    storeEFI(into: &bytes, map: base.value + UInt64(layout.efiMap))
    return bytes
  }
}

extension BootBlock {
  /// Offsets of the parts from the block's start.
  private struct Layout {
    var commandLine = BootParameters.size
    var nodes: [Int] = []
    var efiMap = 0
    var end = 0
  }

  /// Bytes kept free behind the command line, where the purgatory may append a parameter.
  private static let commandLineSlack = 64

  private var layout: Layout {
    var layout = Layout()
    var position = layout.commandLine + commandLine.count + 1 + Self.commandLineSlack
    for node in setupData {
      position = position.roundedUp(to: 16)
      layout.nodes.append(position)
      position += SetupData.headerSize + node.payload.count
    }
    layout.efiMap = position.roundedUp(to: 16)
    layout.end = layout.efiMap + (efi?.runtimeMap.count ?? 0)
    return layout
  }

  private var setupData: [SetupData] {
    var nodes: [SetupData] = []
    if !e820.inExtension.isEmpty {
      nodes.append(SetupData(.e820Extension, E820Table.encode(e820.inExtension)))
    }
    if let efi { nodes.append(efi.setupData) }
    nodes += moreSetupData
    if let randomSeed { nodes.append(SetupData(.randomSeed, randomSeed)) }
    return nodes
  }

  private func inherit(into bytes: inout [UInt8]) {
    guard let inherited, inherited.count >= BootParameters.size else {
      // Nothing is known about the screen, so it is the text screen of every PC, 80 by 25.
      bytes.store(ScreenInfo.text, at: 0)
      return
    }
    for part in BootParameters.inherited {
      bytes.store(inherited[part], at: part.lowerBound)
    }
    if screen == .text { bytes.store(ScreenInfo.text, at: 0) }
    let isVGA = bytes.loadField(BootParameters.origVideoIsVGA)
    if screen == .withoutFramebuffer, ScreenInfo.isFramebuffer(isVGA) {
      bytes.store(UInt8(0), as: BootParameters.origVideoIsVGA)
    }
    if ScreenInfo.isText(isVGA) {
      // The running kernel and the purgatory have written to the screen since, so the cursor goes below their
      // text.
      bytes.store(UInt8(0), as: BootParameters.origX)
      bytes.store(bytes.loadField(BootParameters.origVideoLines), as: BootParameters.origY)
    }
  }

  /// The subarchitecture is a fact of the machine, though its fields are in the setup header, which comes
  /// from the file. It is 0, a PC, if it is unknown.
  private func inheritSubarchitecture(into bytes: inout [UInt8]) {
    let end = SetupHeader.hardwareSubarchData.end
    guard header.count >= end - SetupHeader.start else { return }
    let part = SetupHeader.hardwareSubarch.offset..<end
    guard let inherited, inherited.count >= BootParameters.size else {
      bytes.store([UInt8](repeating: 0, count: part.count), at: part.lowerBound)
      return
    }
    bytes.store(inherited[part], at: part.lowerBound)
  }

  private func storeMemory(into bytes: inout [UInt8]) {
    let entries = e820.inBootParameters
    bytes.store(UInt8(entries.count), as: BootParameters.e820Entries)
    bytes.store(E820Table.encode(entries), at: BootParameters.e820Table)
    let kibibytes = e820.kibibytesAbove1MiB
    bytes.store(UInt32(clamping: kibibytes), as: BootParameters.altMemK)
    bytes.store(UInt16(min(kibibytes, BootParameters.extMemKLimit)), as: BootParameters.extMemK)
  }

  private func storeEFI(into bytes: inout [UInt8], map: UInt64) {
    guard let efi, let inherited else { return }
    for field in [
      BootParameters.efiLoaderSignature, BootParameters.efiSystab, BootParameters.efiSystabHigh,
      BootParameters.efiMemdescVersion,
    ] {
      bytes.store(inherited.loadField(field), as: field)
    }
    bytes.store(UInt32(EFIHandover.descriptorSize), as: BootParameters.efiMemdescSize)
    bytes.store(UInt32(efi.runtimeMap.count), as: BootParameters.efiMemmapSize)
    bytes.store(map, low: BootParameters.efiMemmap, high: BootParameters.efiMemmapHigh)
  }
}

extension [UInt8] {
  fileprivate mutating func store(_ value: UInt64, low: Field<UInt32>, high: Field<UInt32>) {
    store(UInt32(truncatingIfNeeded: value), as: low)
    store(UInt32(truncatingIfNeeded: value >> 32), as: high)
  }
}
