import ByteCoding
import CPurgatoryABI
import Digests

extension Purgatory {
  /// How many regions the parameters have space for.
  package static let regionLimit = Int(PURGATORY_REGION_LIMIT)

  /// The bytes of the purgatory with `parameters` in their place.
  ///
  /// - Throws: `PurgatoryError` if the parameters do not fit.
  package func encode(_ parameters: PurgatoryParameters) throws(PurgatoryError) -> [UInt8] {
    guard parameters.regions.count <= Self.regionLimit else {
      throw .tooManyRegions(found: parameters.regions.count, limit: Self.regionLimit)
    }
    typealias Layout = ParametersLayout
    let base = Layout.base
    var blob = bytes
    blob.store(UInt64(PURGATORY_MAGIC), as: Layout.magic, base: base)
    blob.store(UInt32(PURGATORY_VERSION), as: Layout.version, base: base)
    blob.store(flags(parameters), as: Layout.flags, base: base)
    blob.store(parameters.entry, base: base)
    if let address = parameters.timestampText {
      try Self.check(
        .init(start: address, byteCount: UInt64(PurgatoryParameters.timestampTextSize)))
      blob.store(address, as: Layout.timestampText, base: base)
    }
    if let address = parameters.jumpBackText {
      try Self.check(
        .init(start: address, byteCount: UInt64(PurgatoryParameters.jumpBackTextSize)))
      blob.store(address, as: Layout.jumpBackText, base: base)
    }
    // Port 0 means COM1.
    blob.store(parameters.serial?.port ?? 0, as: Layout.serialPort, base: base)
    blob.store(parameters.serial?.baud ?? 0, as: Layout.serialBaud, base: base)

    switch parameters.digest {
    case .none:
      blob.store(UInt32(PURGATORY_DIGEST_NONE), as: Layout.digestKind, base: base)
    case .komihash(let digest):
      blob.store(UInt32(PURGATORY_DIGEST_KOMIHASH), as: Layout.digestKind, base: base)
      // The most significant byte comes first, as in print.
      blob.store(digest.byteSwapped, as: Field<UInt64>(Layout.digest), base: base)
    case .sha256(let digest):
      guard digest.count == SHA256.byteCount else {
        throw .wrongDigestLength(found: digest.count, wanted: SHA256.byteCount)
      }
      blob.store(UInt32(PURGATORY_DIGEST_SHA256), as: Layout.digestKind, base: base)
      blob.store(digest, at: base + Layout.digest)
    }

    blob.store(UInt32(parameters.regions.count), as: Layout.regionCount, base: base)
    var place = base + Layout.regions
    for region in parameters.regions {
      try Self.check(region)
      blob.store(region.start, as: Layout.regionStart, base: place)
      blob.store(region.byteCount, as: Layout.regionByteCount, base: place)
      place += Layout.regionSize
    }

    var checksum = Komihash()
    checksum.update(
      SharedBytes(Array(blob[base..<base + Layout.checksum.offset])).span)
    blob.store(checksum.finish(), as: Layout.checksum, base: base)
    return blob
  }

  private static func check(
    _ region: PurgatoryParameters.Region
  ) throws(PurgatoryError) {
    guard region.byteCount == 0 || region.start > 0,
      !region.start.addingReportingOverflow(region.byteCount).overflow
    else { throw .impossibleRegion(region) }
  }

  private func flags(_ parameters: PurgatoryParameters) -> UInt32 {
    var flags: Int32 = 0
    if parameters.greets { flags |= PURGATORY_FLAG_GREETS }
    if parameters.resetsVGA { flags |= PURGATORY_FLAG_RESETS_VGA }
    if parameters.usesVGA { flags |= PURGATORY_FLAG_VGA_CONSOLE }
    if !parameters.usesInstructions { flags |= PURGATORY_FLAG_PLAIN_DIGEST }
    return UInt32(bitPattern: flags)
  }
}

extension [UInt8] {
  /// Stores how the next kernel is entered into the parameters at `base`.
  fileprivate mutating func store(_ entry: PurgatoryParameters.Entry, base: Int) {
    typealias Layout = ParametersLayout
    store(entry.address, as: Layout.entry, base: base)
    switch entry {
    case .long(_, let rsi, let rdi):
      store(UInt16(PURGATORY_ENTRY_LONG), as: Layout.entryMode, base: base)
      store(rsi, as: Layout.rsi, base: base)
      store(rdi, as: Layout.rdi, base: base)
    case .protected32(let registers):
      store(UInt16(PURGATORY_ENTRY_PROTECTED), as: Layout.entryMode, base: base)
      store(registers, base: base)
    case .realMode(let segment, let stackPointer):
      store(UInt16(PURGATORY_ENTRY_REAL), as: Layout.entryMode, base: base)
      // EAX and ESP, as start.S takes them.
      store(.init(eip: 0, eax: UInt32(segment), esp: UInt32(stackPointer)), base: base)
    case .fourLevels(_, let rsi, let pageTables):
      store(UInt16(PURGATORY_ENTRY_FOUR_LEVELS), as: Layout.entryMode, base: base)
      store(rsi, as: Layout.rsi, base: base)
      store(.init(eip: 0, eax: pageTables), base: base)
    case .back(_, let pageTables):
      store(UInt16(PURGATORY_ENTRY_BACK), as: Layout.entryMode, base: base)
      store(pageTables, as: Layout.pageTables, base: base)
    }
  }

  private mutating func store(_ registers: PurgatoryParameters.Registers32, base: Int) {
    for (index, value) in registers.inOrderOfPop.enumerated() {
      store(value, as: Field<UInt32>(ParametersLayout.registers + 4 * index), base: base)
    }
  }
}
