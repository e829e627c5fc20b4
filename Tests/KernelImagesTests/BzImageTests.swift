import ByteCoding
import TestSupport
import Testing

@testable import KernelImages

@Suite struct BzImageTests {
  /// The header of Debian's 6.1.0-56-cloud-amd64.
  @Test("The setup header gives a bzImage's version, flags, addresses and sizes")
  func readsTheHeader() throws {
    let builder = BzImageBuilder()
    let image = try open(builder)
    #expect(image.version == 0x020F)
    #expect(image.versionText == "2.15")
    #expect(image.kernelVersion == "6.1.0-56-cloud-amd64 (builder@example) #1 SMP")
    #expect(image.commandLineLimit == 2047)
    #expect(
      image.extendedFlags.isSuperset(of: [
        .has64BitEntry, .loadableAbove4GiB, .efiKexec, .fiveLevelStart,
      ]))
    #expect(image.isRelocatable)
    #expect(image.alignment == 0x20_0000)
    #expect(image.preferredAddress == 0x100_0000)
    #expect(image.initSize == 0x337_8000)
    #expect(image.initrdAddressLimit == 0x7FFF_FFFF)
    #expect(image.highestSetupDataType == 0x8000_0009)
    #expect(image.checksumMatches == true)
    // "the real-mode part is (setup_sects + 1) * 512 bytes"
    #expect(builder.realModeSize == 0x5000)
    #expect(image.protectedMode.array == Array(builder.bytes[0x5000...]))
    // "header end = 0x202 + byte at 0x201"
    #expect(image.headerBytes == Array(builder.bytes[0x1F1..<0x26C]))
  }

  @Test("A setup_sects of zero means four setup sectors")
  func zeroSetupSectorsMeansFour() throws {
    let builder = BzImageBuilder { $0.setupSectors = 0 }
    #expect(try open(builder).protectedMode.array == Array(builder.bytes[(5 * 512)...]))
  }

  /// What each version of the protocol added, and the defaults before.
  @Test(
    "Setup header fields count only from the protocol version that added them",
    arguments: [
      0x0203, 0x0204, 0x0205, 0x0206, 0x0208, 0x0209, 0x020A, 0x020B, 0x020C, 0x020E, 0x020F,
      0x0210,
    ] as [UInt16])
  func fieldsCountFromTheirVersionOn(version: UInt16) throws {
    let image = try open(
      BzImageBuilder {
        $0.version = version
        $0.kernelAlignment = 0x40_0000
      })
    #expect(image.alignment == (version >= 0x0205 ? 0x40_0000 : 0x20_0000))
    #expect(image.isRelocatable == (version >= 0x0205))
    #expect(image.commandLineLimit == (version >= 0x0206 ? 2047 : 255))
    #expect((image.checksumMatches != nil) == (version >= 0x0208))
    #expect(image.preferredAddress == (version >= 0x020A ? 0x100_0000 : 0x10_0000))
    // Headers before 2.10 do not say how much memory is needed: at least 16 MiB.
    #expect(image.initSize == (version >= 0x020A ? 0x337_8000 : 16 << 20))
    #expect(image.extendedFlags.isEmpty == (version < 0x020C))
    #expect((image.highestSetupDataType != nil) == (version >= 0x020F))
  }

  @Test(
    "The boot protocol version is shown as major and minor number",
    arguments: [
      (0x0200, "2.00"), (0x0209, "2.09"), (0x020A, "2.10"), (0x020D, "2.13"), (0x020F, "2.15"),
      (0x0300, "3.00"),
    ] as [(UInt16, String)])
  func formatsProtocolVersion(version: UInt16, wanted: String) throws {
    #expect(try open(BzImageBuilder { $0.version = version }).versionText == wanted)
  }

  /// The certificate table is at different offsets in PE32 and PE32+.
  @Test(
    "The checksum of a bzImage is verified in PE32 and PE32+ files, signed or not",
    arguments: [
      ("good", .valid, false, true), ("wrong", .wrong, false, false),
      ("absent", .absent, false, nil),
      ("good and signed", .valid, true, true), ("wrong and signed", .wrong, true, false),
      ("absent and signed", .absent, true, nil),
    ] as [(String, BzImageBuilder.Checksum, Bool, Bool?)], [false, true])
  func verifiesChecksum(
    row: (name: String, checksum: BzImageBuilder.Checksum, isSigned: Bool, matches: Bool?),
    isPE32: Bool
  ) throws {
    let matches = row.matches
    let builder = BzImageBuilder {
      $0.checksum = row.checksum
      $0.isSigned = row.isSigned
      $0.isPE32 = isPE32
      $0.xloadflags = isPE32 ? 4 : 0x7F
    }
    let image = try open(builder)
    #expect(image.checksumMatches == matches)
    // The certificate is not loaded.
    #expect(image.protectedMode.count == builder.protectedModeSize)
  }

  /// Each flipped bit is found, except where signing writes, and after the range of the checksum.
  @Test("A flipped bit breaks the checksum unless it lies where signing writes")
  func checksumShowsDamage() throws {
    let good = BzImageBuilder { $0.isSigned = true }.bytes
    for offset in [0x10, 0x300, 0x4FFF, 0x5000, 0x5ABC] {
      var bytes = good
      bytes[offset] ^= 0x10
      let image = try open(SharedBytes(bytes))
      #expect(image.checksumMatches == false, "byte \(offset)")
    }
    for offset in [0x98 + 64, 0x98 + 144, good.count - 1] {
      var bytes = good
      bytes[offset] ^= 0x10
      let image = try open(SharedBytes(bytes))
      #expect(image.checksumMatches == true, "byte \(offset)")
    }
  }

  /// Every truncation is an error. If the signature of a bzImage is there, the error says so.
  @Test("A bzImage that is cut off at any length is refused")
  func refusesEveryTruncation() {
    let builder = BzImageBuilder {
      $0.setupSectors = 1
      $0.name = nil
      $0.payload = storedGzip([1, 2, 3])
    }
    let bytes = builder.bytes
    for length in 0..<bytes.count {
      let error = #expect(throws: ImageError.self, "\(length) of \(bytes.count) bytes") {
        try KernelImage.open(SharedBytes(Array(bytes[..<length])))
      }
      if length >= 0x206, case .truncated(_, let needs, let has)? = error {
        #expect(has == length)
        #expect(needs > length && needs <= bytes.count)
      } else if length >= 0x206 {
        Issue.record("\(length) bytes: \(String(describing: error))")
      }
    }
    #expect(throws: Never.self) { try KernelImage.open(SharedBytes(bytes)) }
  }

  /// Before 2.04 syssize has 16 bits, and the kernel is the whole file.
  @Test("The upper half of syssize is ignored before boot protocol 2.04")
  func ignoresUpperSyssizeBefore204() throws {
    var bytes = BzImageBuilder { $0.version = 0x0203 }.bytes
    bytes.store(UInt16(0xFFFF), as: Field(0x1F6))
    let image = try open(SharedBytes(bytes))
    #expect(image.protectedMode.count == 0x1000)
    bytes.store(UInt16(0x0204), as: SetupHeader.version)
    #expect(throws: ImageError.self) { try KernelImage.open(SharedBytes(bytes)) }
  }

  /// Files of 2.04 to 2.07 and those of other systems (memtest86+ 6.10 says 2.12) end where the
  /// kernel ends; syssize is rounded up.
  @Test(
    "A bzImage without a payload may lack the last 15 bytes that syssize counts",
    arguments: [(15, true), (16, false)])
  func allowsMissingPaddingWithoutPayload(missing: Int, isTaken: Bool) {
    for version in [0x0207, 0x020C] as [UInt16] {
      let bytes = BzImageBuilder { $0.version = version }.bytes.dropLast(missing)
      let result = Result { try KernelImage.open(SharedBytes(Array(bytes))) }
      #expect(((try? result.get()) != nil) == isTaken)
    }
  }

  @Test("A zImage and impossible values of kernel_alignment and loadflags are refused")
  func refusesImpossibleFields() {
    #expect(
      throws: ImageError.badField(
        name: "kernel_alignment", offset: 0x230, found: 0x30_0000, wanted: .powerOfTwo)
    ) { try open(BzImageBuilder { $0.kernelAlignment = 0x30_0000 }) }
    #expect(
      throws: ImageError.badField(name: "loadflags", offset: 0x211, found: 0, wanted: .loadedHigh)
    ) { try open(BzImageBuilder { $0.loadFlags = 0 }) }
    #expect(throws: ImageError.unsupported(.zImage)) {
      try open(BzImageBuilder { ($0.loadFlags, $0.version) = (0, 0x0204) })
    }
    #expect(throws: ImageError.unsupported(.zImage)) {
      try open(BzImageBuilder { $0.version = 0x0105 })
    }
  }

  /// "64-bit entry: load address + 0x200"
  @Test(
    "A file that ends before its 64-bit entry is refused",
    arguments: [(0x200, 0x7F, false), (0x210, 0x7F, true), (0x200, 0x7E, true)])
  func needsEntryInsideFile(size: Int, xloadflags: UInt16, isTaken: Bool) {
    let builder = BzImageBuilder {
      $0.protectedModeSize = size
      $0.xloadflags = xloadflags
    }
    #expect(((try? open(builder)) != nil) == isTaken)
  }

  /// Found by fuzzing.
  @Test("A bzImage with a syssize of zero is refused")
  func refusesEmptyKernel() {
    var bytes = BzImageBuilder { $0.xloadflags = 0x7E }.bytes
    bytes.store(UInt32(0), as: SetupHeader.syssize)
    #expect(
      throws: ImageError.badField(name: "syssize", offset: 0x1F4, found: 0, wanted: .nonzero)
    ) { try KernelImage.open(SharedBytes(bytes)) }
  }

  @Test("Setup header offsets that point outside the file are ignored")
  func ignoresWildOffsets() throws {
    var bytes = BzImageBuilder().bytes
    bytes.store(UInt16(0xFFFF), as: SetupHeader.kernelVersion)
    bytes.store(UInt32.max, as: SetupHeader.kernelInfoOffset)
    bytes.store(UInt32.max, as: Field(0x3C))  // instead of the offset of the PE header
    bytes.store(UInt8(0xFF), as: SetupHeader.jumpDistance)
    let image = try open(SharedBytes(bytes))
    #expect(image.kernelVersion == nil)
    #expect(image.highestSetupDataType == nil)
    #expect(image.headerBytes.count == 0x290 - 0x1F1)
    #expect(image.checksumMatches == false)
  }

  @Test("init_size is at least the size of the protected-mode part")
  func initSizeIsNeverLessThanTheFile() throws {
    let builder = BzImageBuilder { $0.initSize = 0x800 }
    let image = try open(builder)
    #expect(image.initSize >= UInt64(builder.protectedModeSize))
    #expect(image.mended.isEmpty)
    let less = try open(BzImageBuilder { ($0.protectedModeSize, $0.initSize) = (0x4000, 0x800) })
    #expect(less.initSize >= 0x4000 && less.mended.map(\.name) == ["init_size"])
  }

  private func open(_ builder: BzImageBuilder) throws -> BzImage { try open(builder.file) }

  private func open(_ file: SharedBytes) throws -> BzImage {
    let image = try KernelImage.open(file)
    let found: BzImage? = if case .bzImage(let image) = image { image } else { nil }
    return try #require(found, "\(image.type)")
  }
}
