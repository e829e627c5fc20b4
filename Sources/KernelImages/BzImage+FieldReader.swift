internal import ByteCoding
internal import ELFFormat

extension BzImage {
  /// Reads the fields on which a successful start depends. Each is compared with other sources: the rules of
  /// the protocol, and the headers of the packed kernel in the file. A value that cannot be right is replaced
  /// and recorded.
  struct FieldReader {
    let header: HeaderReader
    let payload: Payload?
    let outline: KernelOutline?
    /// Bytes of the protected-mode part.
    let packedSize: UInt64
    private(set) var mended: [MendedField] = []

    init(_ header: HeaderReader, payload: Payload?, packedSize: Int) {
      self.header = header
      self.payload = payload
      outline = payload?.outline()
      self.packedSize = UInt64(packedSize)
    }

    private mutating func mend<Value>(
      _ name: String, _ field: Field<Value>, found: UInt64, to taken: UInt64
    ) -> UInt64 {
      mended.append(MendedField(name, field, found: found, taken: taken))
      return taken
    }

    /// A kernel for i386 cannot be entered in 64-bit mode, nor lie above 4 GiB.
    mutating func extendedFlags() throws(ImageError) -> ExtendedLoadFlags {
      let field = SetupHeader.xloadflags
      let flags = ExtendedLoadFlags(
        rawValue: try header.value(of: field, since: BootProtocol.v2_12) ?? 0)
      let isFor32Bits = outline.map { $0.width == .bits32 } ?? header.isEFIProgramForI386
      let right = flags.subtracting(.for64Bits)
      guard isFor32Bits, right != flags else { return flags }
      let taken = mend(
        "xloadflags", field, found: UInt64(flags.rawValue), to: UInt64(right.rawValue))
      return ExtendedLoadFlags(rawValue: UInt16(truncatingIfNeeded: taken))
    }

    /// CONFIG_PHYSICAL_ALIGN is at least 2 MiB (8 KiB for i386) and at most 16 MiB.
    mutating func alignment() throws(ImageError) -> UInt64 {
      let field = SetupHeader.kernelAlignment
      let stated = UInt64(try header.value(of: field, since: BootProtocol.v2_05) ?? 0)
      guard stated.isZeroOrPowerOfTwo else {
        throw .badField(
          name: "kernel_alignment", offset: field.offset, found: stated, wanted: .powerOfTwo)
      }
      let usual: UInt64 = .mebibytes(2)
      guard let outline, header.version >= BootProtocol.v2_05 else {
        return max(stated == 0 ? usual : stated, .kibibytes(4))
      }
      let possible = (outline.width == .bits64 ? usual : .kibibytes(8))...(.mebibytes(16))
      if possible.contains(stated) { return stated }
      let least = try header.value(of: SetupHeader.minAlignment, since: BootProtocol.v2_10) ?? 0
      let other = least < 32 ? UInt64(1) << UInt64(least) : 0
      return mend(
        "kernel_alignment", field, found: stated, to: possible.contains(other) ? other : usual)
    }

    /// The preferred address is the one that the unpacked kernel was linked for.
    mutating func preferredAddress(alignment: UInt64) throws(ImageError) -> UInt64 {
      let field = SetupHeader.prefAddress
      guard let stated = try header.value(of: field, since: BootProtocol.v2_10) else {
        return .mebibytes(1)
      }
      guard let linked = outline?.physicalStart, linked != stated, linked % .mebibytes(2) == 0,
        linked >= .mebibytes(1)
      else { return stated }
      return mend("pref_address", field, found: stated, to: linked)
    }

    /// The last byte that an initrd may use lies above the addresses of kernels.
    mutating func initrdAddressLimit() throws(ImageError) -> UInt64 {
      let field = SetupHeader.initrdAddrMax
      let usual: UInt64 = 0x37FF_FFFF
      guard let stated = try header.value(of: field, since: BootProtocol.v2_03).map(UInt64.init)
      else {
        return usual
      }
      return stated >= .mebibytes(16)
        ? stated : mend("initrd_addr_max", field, found: stated, to: usual)
    }

    /// COMMAND_LINE_SIZE, which includes the terminator, is 2048 in all kernels with the field, and was 256
    /// before.
    mutating func commandLineLimit() throws(ImageError) -> Int {
      let field = SetupHeader.cmdlineSize
      let least: UInt64 = 255
      let stated = try header.value(of: field, since: BootProtocol.v2_06).map(UInt64.init) ?? least
      if stated == 0 { return Int(mend("cmdline_size", field, found: stated, to: least)) }
      return Int(
        stated < .kibibytes(64) ? stated : mend("cmdline_size", field, found: stated, to: 2047))
    }

    /// Whether it can be entered in real mode only, since the field has no address for another entry. A Linux
    /// kernel has one whatever the field says.
    mutating func isForBIOSOnly(_ flags: ExtendedLoadFlags) throws(ImageError) -> Bool {
      let field = SetupHeader.code32Start
      guard (try header.value(of: field, since: BootProtocol.v2_00) ?? 0) == 0,
        !flags.contains(.has64BitEntry)
      else { return false }
      guard outline != nil else { return true }
      _ = mend("code32_start", field, found: 0, to: .mebibytes(1))
      return false
    }

    /// The least number of bytes that the payload unpacks to: its stated size, if that agrees with the
    /// headers inside.
    private var unpackedSize: UInt64 {
      guard let payload, let outline else { return 0 }
      let stated = UInt64(payload.unpackedSize)
      // The section headers and the relocation table follow the last part.
      let possible = outline.fileEnd...(2 * outline.fileEnd + .mebibytes(16))
      return possible.contains(stated) ? stated : outline.fileEnd
    }

    /// Bytes that must be free RAM from the load address on.
    ///
    /// The kernel's own decompressor writes everything that it unpacks into that memory, whose size it takes
    /// from boot_params.
    mutating func initSize() throws(ImageError) -> UInt64 {
      let field = SetupHeader.initSize
      // Kernels before 2.10 do not state how much they need: four times the file has been enough.
      let guess = max(4 * packedSize, .mebibytes(16))
      // The unpacked and the packed kernel side by side, and the memory of the decompressor.
      let ample =
        outline.map { max($0.windowSize, unpackedSize + packedSize + .mebibytes(8)).roundedToPages }
        ?? guess
      guard let stated = try header.value(of: field, since: BootProtocol.v2_10).map(UInt64.init)
      else {
        return outline == nil ? guess : max(guess, ample)
      }
      if stated == 0, outline == nil { return guess }
      guard stated <= KernelOutline.sizeLimit else {
        guard outline != nil else {
          throw .badField(
            name: "init_size", offset: field.offset, found: stated, wanted: .sizeInMemory)
        }
        return mend("init_size", field, found: stated, to: ample)
      }
      let least = max(packedSize, outline?.windowSize ?? 0, unpackedSize)
      return least.roundedToPages <= stated.roundedToPages
        ? max(stated, least) : mend("init_size", field, found: stated, to: ample)
    }
  }
}

extension UInt64 {
  /// Bytes in whole pages; small numbers only.
  fileprivate var roundedToPages: UInt64 { roundedUp(to: .kibibytes(4)) }
}

extension ExtendedLoadFlags {
  /// Those that only a kernel for x86_64 can have.
  fileprivate static let for64Bits: ExtendedLoadFlags = [
    .has64BitEntry, .loadableAbove4GiB, .efiKexec, .fiveLevelStart, .fiveLevelUse,
  ]
}
