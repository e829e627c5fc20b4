internal import ByteCoding
internal import Compression

extension BzImage {
  /// Reads the fields of the setup header, each only if the header's version has it.
  struct HeaderReader {
    let file: SharedBytes
    let version: UInt16

    init(_ file: SharedBytes) throws(ImageError) {
      self.file = file
      version = try Self.load(SetupHeader.version, from: file)
      guard version >= BootProtocol.v2_00 else { throw .unsupported(.zImage) }
    }

    /// The value of `field`, or nil when the kernel is older than `since`.
    func value<Value>(of field: Field<Value>, since: UInt16) throws(ImageError) -> Value? {
      guard version >= since else { return nil }
      return try Self.load(field, from: file)
    }

    /// Where the header ends in the file: at the target of the jump at 0x200.
    private func end() throws(ImageError) -> Int {
      let opcode = try Self.load(SetupHeader.jump, from: file)
      // The target of another kind of jump is not read.
      guard opcode == SetupHeader.shortJump else { return Self.leastEnd(version) }
      return SetupHeader.lengthBase + Int(try Self.load(SetupHeader.jumpDistance, from: file))
    }

    /// Refuses a header that ends before the last field of its version.
    func checkEnd() throws(ImageError) {
      let field = SetupHeader.jumpDistance
      let wanted = Self.leastEnd(version)
      guard try end() >= wanted else {
        throw .badField(
          name: "jump", offset: field.offset, found: UInt64(try Self.load(field, from: file)),
          wanted: .jumpOverHeader(wanted - SetupHeader.lengthBase))
      }
    }

    /// The least offset at which a header of `version` ends.
    private static func leastEnd(_ version: UInt16) -> Int {
      switch version {
      case ..<BootProtocol.v2_01: SetupHeader.ramdiskSize.end
      case ..<BootProtocol.v2_02: SetupHeader.heapEndPtr.end
      case ..<BootProtocol.v2_03: SetupHeader.cmdLinePtr.end
      case ..<BootProtocol.v2_05: SetupHeader.initrdAddrMax.end
      case ..<BootProtocol.v2_06: SetupHeader.relocatableKernel.end
      case ..<BootProtocol.v2_07: SetupHeader.cmdlineSize.end
      case ..<BootProtocol.v2_08: SetupHeader.hardwareSubarchData.end
      case ..<BootProtocol.v2_09: SetupHeader.payloadLength.end
      case ..<BootProtocol.v2_10: SetupHeader.setupData.end
      case ..<BootProtocol.v2_11: SetupHeader.initSize.end
      case ..<BootProtocol.v2_15: SetupHeader.handoverOffset.end
      default: SetupHeader.kernelInfoOffset.end
      }
    }

    /// The header's bytes, from 0x1F1 to its end, with the corrected values of `fields`.
    func bytes(mending fields: [MendedField]) throws(ImageError) -> [UInt8] {
      let end = min(try end(), SetupHeader.limit)
      guard let part = try? file.slice(SetupHeader.start..<end) else {
        throw .truncated(missing: .setupHeader, needs: end, has: file.count)
      }
      var bytes = part.array
      for field in fields { field.mend(&bytes, from: SetupHeader.start) }
      return bytes
    }

    /// Whether the file is also an EFI program for i386.
    var isEFIProgramForI386: Bool {
      (try? PEHeader(file.span))??.machine == PEHeader.machineI386
    }

    /// "kernel_version, if set to a nonzero value, contains a pointer to a NUL-terminated
    /// human-readable kernel version number string, less 0x200."
    func kernelVersion(realModeSize: Int) -> String? {
      guard let pointer = try? value(of: SetupHeader.kernelVersion, since: BootProtocol.v2_00),
        pointer != 0,
        case let start = Int(pointer) + SetupHeader.offsetBase, start < realModeSize,
        let text = try? file.slice(start..<realModeSize).array
      else { return nil }
      let name = text.prefix(256).prefix { $0 >= 0x20 && $0 < 0x7F }
      return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }

    func highestSetupDataType(in protectedMode: SharedBytes) throws(ImageError) -> UInt32? {
      guard let offset = try value(of: SetupHeader.kernelInfoOffset, since: BootProtocol.v2_15),
        offset != 0,
        (try? protectedMode.span.load(KernelInfo.magic, base: Int(offset))) == KernelInfo.magicValue
      else { return nil }
      return try? protectedMode.span.load(KernelInfo.setupTypeMax, base: Int(offset))
    }

    /// "The last 4 bytes of the payload are the size of the uncompressed data": for gzip they
    /// belong to its own format, for the others the kernel's build appends them.
    ///
    /// Only loaders read these fields, so a kernel may start even if they are wrong; but not if the end of
    /// the protected-mode part is wrong.
    func payload(in parts: Parts) throws(ImageError) -> Payload? {
      guard let offset = try value(of: SetupHeader.payloadOffset, since: BootProtocol.v2_08),
        let length = try value(of: SetupHeader.payloadLength, since: BootProtocol.v2_08), length > 4
      else { return nil }
      let end = Int(offset) + Int(length)
      guard let bytes = try? parts.protectedMode.slice(Int(offset)..<end) else {
        guard parts.realMode.count + end > file.count else {
          throw .badField(
            name: "syssize", offset: SetupHeader.syssize.offset,
            found: UInt64(parts.protectedMode.count / SetupHeader.paragraphSize),
            wanted: .behindPayload(SetupHeader.paragraphs(in: end)))
        }
        return nil
      }
      guard let size = try? bytes.span.load(UInt32.self, at: bytes.count - 4) else { return nil }
      return Payload(bytes: bytes, unpackedSize: Int(size))
    }

    private static func load<Value>(
      _ field: Field<Value>, from file: SharedBytes
    ) throws(ImageError) -> Value {
      do {
        return try file.span.load(field)
      } catch {
        throw .truncated(missing: .setupHeader, needs: field.end, has: file.count)
      }
    }
  }
}

extension BzImage.HeaderReader {
  /// The file cut into the parts that the header describes.
  struct Parts {
    let realMode: SharedBytes
    let protectedMode: SharedBytes
    let checksummed: [SharedBytes]?
  }

  /// Cuts the file into its parts. It must be as long as `setup_sects` and `syssize` say.
  func parts() throws(ImageError) -> Parts {
    let sectors = try value(of: SetupHeader.setupSects, since: BootProtocol.v2_00) ?? 0
    let realModeSize =
      SetupHeader.sectorSize
      * (1 + (sectors == 0 ? SetupHeader.usualSetupSects : Int(sectors)))
    // It has 16 bits before 2.04, where the upper half belongs to another field.
    let units = try value(of: SetupHeader.syssize, since: BootProtocol.v2_00) ?? 0
    let protectedSize =
      Int(version >= BootProtocol.v2_04 ? units : (units & 0xFFFF)) * SetupHeader.paragraphSize
    try checkSectors(realModeSize)
    guard file.count > realModeSize else {
      throw .truncated(missing: .realModePart, needs: realModeSize + 1, has: file.count)
    }
    // syssize is rounded up. Since 2.08 Linux files, which have a payload, are filled up to it, because the
    // checksum follows. In other files the last unit may lack up to 15 bytes.
    let payload = try value(of: SetupHeader.payloadLength, since: BootProtocol.v2_08) ?? 0
    let slack = payload == 0 ? SetupHeader.paragraphSize - 1 : 0
    guard version < BootProtocol.v2_04 || file.count >= realModeSize + protectedSize - slack else {
      throw .truncated(
        missing: .protectedModePart, needs: realModeSize + protectedSize, has: file.count)
    }
    // What follows in the file, such as a signature, is not loaded.
    let end =
      version < BootProtocol.v2_04 ? file.count : min(file.count, realModeSize + protectedSize)
    return Parts(
      realMode: try part(0..<realModeSize, .realModePart),
      protectedMode: try part(realModeSize..<end, .protectedModePart),
      checksummed: checksummed(over: realModeSize + protectedSize))
  }

  /// The EFI header of a Linux kernel also tells where the protected-mode part starts: it is the section
  /// .text.
  private func checkSectors(_ realModeSize: Int) throws(ImageError) {
    guard version >= BootProtocol.v2_11,
      (try value(of: SetupHeader.payloadLength, since: BootProtocol.v2_08) ?? 0) > 0,
      let start = PESection.start(of: ".text", in: file.span), start % SetupHeader.sectorSize == 0,
      start != realModeSize
    else { return }
    let field = SetupHeader.setupSects
    throw .badField(
      name: "setup_sects", offset: field.offset,
      found: UInt64(try value(of: field, since: BootProtocol.v2_00) ?? 0),
      wanted: .sectorsBefore(start))
  }

  private func part(
    _ range: Range<Int>, _ name: ImagePart
  ) throws(ImageError) -> SharedBytes {
    do {
      return try file.slice(range)
    } catch {
      throw .truncated(missing: name, needs: range.upperBound, has: file.count)
    }
  }

  /// "The CRC-32 should be calculated over the entire file using an initial remainder of
  /// 0xffffffff; the last 4 bytes are the CRC of all that is before."
  ///
  /// Signing writes into the PE header, so its checksum and certificate entry count as zero.
  /// Kernels since about 6.15 store no checksum: their last four bytes are zero.
  private func checksummed(over size: Int) -> [SharedBytes]? {
    guard version >= BootProtocol.v2_08, size <= file.count, size > 4,
      let stored = try? file.span.load(UInt32.self, at: size - 4), stored != 0
    else { return nil }
    var parts: [SharedBytes] = []
    var position = 0
    for zeros in signatureFields() where zeros.lowerBound >= position && zeros.upperBound <= size {
      guard let part = try? file.slice(position..<zeros.lowerBound) else { return nil }
      parts += [part, SharedBytes([UInt8](repeating: 0, count: zeros.count))]
      position = zeros.upperBound
    }
    guard let rest = try? file.slice(position..<size) else { return nil }
    return parts + [rest]
  }

  /// The fields that signing changes. The place of the certificates depends on the kind of optional header.
  private func signatureFields() -> [Range<Int>] {
    guard let header = try? PEHeader(file.span) else { return [] }
    let checksum = header.optionalHeader + PEHeader.checksum.offset
    return [checksum..<(checksum + PEHeader.checksum.size)]
      + [header.certificateEntry(in: file.span)].compactMap { $0 }
  }
}
