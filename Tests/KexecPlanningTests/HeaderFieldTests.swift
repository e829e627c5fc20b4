import ByteCoding
import Compression
import KernelImages
import KexecABI
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecPlanning

/// Every field of the setup header on which a loader relies, with values that no kernel has. Each
/// is refused with a one-line error, corrected with a warning because another source tells the
/// value, or harmless.
@Suite struct HeaderFieldTests {
  enum Outcome: Sendable, Equatable {
    /// Refused: the field's name, offset and value.
    case refused(String, Int, UInt64)
    /// Used with another value.
    case mended(String, Int, UInt64, to: UInt64)
    /// Does no harm.
    case harmless
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let outcome: Outcome
    let builder: BzImageBuilder

    init(
      _ name: String, _ outcome: Outcome, at offset: Int, _ value: UInt64, size: Int,
      _ change: (inout BzImageBuilder) -> Void = { _ in }
    ) {
      testDescription = name
      self.outcome = outcome
      builder = BzImageBuilder {
        $0.payload = storedGzip(HeaderFieldTests.vmlinux)
        var bytes: [UInt8] = []
        bytes.append(littleEndian: value)
        $0.lies = [(offset, Array(bytes[..<size]))]
        change(&$0)
      }
    }
  }

  fileprivate static let vmlinux = VmlinuxBuilder().bytes
  /// The kernel is linked for 16 MiB, and takes 0x3F1000 bytes there.
  private static let window: UInt64 = 0x3F_1000
  /// How much the kernel's own decompressor gets if init_size is wrong: the unpacked and the packed
  /// kernel, and 8 MiB.
  private static let ample: UInt64 = {
    let builder = BzImageBuilder { $0.payload = storedGzip(vmlinux) }
    let packed = UInt64(builder.limit - builder.realModeSize)
    return (max(window, UInt64(vmlinux.count) + packed + 8 << 20) + 0xFFF) & ~0xFFF
  }()
  private static let i386 = ELFBuilder(is64Bit: false) {
    ($0.entry, $0.parts[0].physical) = (0x100_0000, 0x100_0000)
  }.bytes()

  static let rows: [Row] = [
    // The start of the protected-mode part; the EFI stub's .text gives it, too.
    Row("setup_sects 0, with .text", .refused("setup_sects", 0x1F1, 0), at: 0x1F1, 0, size: 1) {
      $0.codeStart = 0x5000
    },
    Row("setup_sects less by 1", .refused("setup_sects", 0x1F1, 0x26), at: 0x1F1, 0x26, size: 1) {
      $0.codeStart = 0x5000
    },
    Row("setup_sects huge", .refused("setup_sects", 0x1F1, 0xFF), at: 0x1F1, 0xFF, size: 1) {
      $0.codeStart = 0x5000
    },
    Row("setup_sects as .text says", .harmless, at: 0x1F1, 0x27, size: 1) { $0.codeStart = 0x5000 },
    Row("syssize 0", .refused("syssize", 0x1F4, 0), at: 0x1F4, 0, size: 4),
    Row(
      "syssize before the payload's end", .refused("syssize", 0x1F4, 0x50), at: 0x1F4, 0x50,
      size: 4),
    Row("boot_flag", .refused("boot_flag", 0x1FE, 0), at: 0x1FE, 0, size: 2),
    Row("jump over nothing", .refused("jump", 0x201, 0), at: 0x201, 0, size: 1),
    Row("jump over too little", .refused("jump", 0x201, 0x65), at: 0x201, 0x65, size: 1),
    Row("jump over too much", .harmless, at: 0x201, 0xFF, size: 1),
    Row("another jump", .harmless, at: 0x200, 0xE9, size: 1),
    Row("version huge", .harmless, at: 0x206, 0xFFFF, size: 2),
    Row("kernel_version outside", .harmless, at: 0x20E, 0xFFFF, size: 2),
    Row("type_of_loader", .harmless, at: 0x210, 0xFF, size: 1),
    Row("loaded low", .refused("loadflags", 0x211, 0), at: 0x211, 0, size: 1),
    Row("KASLR_FLAG in the file", .harmless, at: 0x211, 3, size: 1),
    Row("code32_start 0", .harmless, at: 0x214, 0, size: 4),
    Row(
      "code32_start 0, i386", .mended("code32_start", 0x214, 0, to: 0x10_0000), at: 0x214, 0,
      size: 4
    ) {
      ($0.payload, $0.xloadflags) = (storedGzip(i386), 4)
    },
    Row("code32_start huge", .harmless, at: 0x214, 0xFFFF_FFFF, size: 4),
    Row(
      "initrd_addr_max 0", .mended("initrd_addr_max", 0x22C, 0, to: 0x37FF_FFFF), at: 0x22C, 0,
      size: 4),
    Row(
      "initrd_addr_max 1 MiB", .mended("initrd_addr_max", 0x22C, 0xF_FFFF, to: 0x37FF_FFFF),
      at: 0x22C, 0xF_FFFF, size: 4),
    Row("initrd_addr_max huge", .harmless, at: 0x22C, 0xFFFF_FFFF, size: 4),
    Row(
      "kernel_alignment 0", .mended("kernel_alignment", 0x230, 0, to: 0x20_0000), at: 0x230, 0,
      size: 4),
    Row(
      "kernel_alignment of a page", .mended("kernel_alignment", 0x230, 0x1000, to: 0x20_0000),
      at: 0x230, 0x1000, size: 4),
    Row(
      "kernel_alignment of 2 GiB",
      .mended("kernel_alignment", 0x230, 0x8000_0000, to: 0x20_0000), at: 0x230, 0x8000_0000,
      size: 4),
    Row(
      "kernel_alignment of 3 MiB", .refused("kernel_alignment", 0x230, 0x30_0000), at: 0x230,
      0x30_0000, size: 4),
    Row("kernel_alignment of 16 MiB", .harmless, at: 0x230, 0x100_0000, size: 4),
    Row("kernel_alignment 8 KiB, i386", .harmless, at: 0x230, 0x2000, size: 4) {
      ($0.payload, $0.xloadflags) = (storedGzip(i386), 4)
    },
    Row("min_alignment huge", .harmless, at: 0x235, 0xFF, size: 1),
    Row("relocatable_kernel 2", .harmless, at: 0x234, 2, size: 1),
    Row(
      "xloadflags of 64 bits, i386", .mended("xloadflags", 0x236, 0x7F, to: 0xC), at: 0x236, 0x7F,
      size: 2
    ) {
      $0.payload = storedGzip(i386)
    },
    Row("xloadflags 0", .harmless, at: 0x236, 0, size: 2),
    Row("cmdline_size 0", .mended("cmdline_size", 0x238, 0, to: 255), at: 0x238, 0, size: 4),
    Row(
      "cmdline_size huge", .mended("cmdline_size", 0x238, 0xFFFF_FFFF, to: 2047), at: 0x238,
      0xFFFF_FFFF, size: 4),
    Row("hardware_subarch", .harmless, at: 0x23C, 0xFFFF, size: 4),
    Row("payload_offset outside the file", .harmless, at: 0x248, 0x7FFF_FFFF, size: 4),
    Row("payload_length outside the file", .harmless, at: 0x24C, 0xFFFF_FFFF, size: 4),
    Row("payload_length 0", .harmless, at: 0x24C, 0, size: 4),
    Row("payload_offset elsewhere", .harmless, at: 0x248, 0x410, size: 4),
    Row("setup_data", .harmless, at: 0x250, 0xDEAD_BEEF, size: 8),
    Row("pref_address 0", .mended("pref_address", 0x258, 0, to: 0x100_0000), at: 0x258, 0, size: 8),
    Row(
      "pref_address odd", .mended("pref_address", 0x258, 0x123, to: 0x100_0000), at: 0x258, 0x123,
      size: 8),
    Row(
      "pref_address huge", .mended("pref_address", 0x258, .max, to: 0x100_0000), at: 0x258, .max,
      size: 8),
    Row("init_size 0", .mended("init_size", 0x260, 0, to: ample), at: 0x260, 0, size: 4),
    Row(
      "init_size too small", .mended("init_size", 0x260, 0x3E_F000, to: ample), at: 0x260,
      0x3E_F000, size: 4),
    Row("init_size just enough", .harmless, at: 0x260, 0x3F_1000, size: 4),
    Row(
      "init_size huge", .mended("init_size", 0x260, 0xFFFF_FFFF, to: ample), at: 0x260,
      0xFFFF_FFFF, size: 4),
    Row(
      "init_size huge, and nothing else tells", .refused("init_size", 0x260, 0xFFFF_FFFF),
      at: 0x260, 0xFFFF_FFFF, size: 4
    ) { $0.payload = [] },
    Row(
      "init_size too small, i386", .mended("init_size", 0x260, 0x2000, to: smallAmple), at: 0x260,
      0x2000, size: 4
    ) {
      ($0.payload, $0.xloadflags) = (storedGzip(i386), 4)
    },
    Row("handover_offset", .harmless, at: 0x264, 0xFFFF_FFFF, size: 4),
    Row("kernel_info_offset outside", .harmless, at: 0x268, 0xFFFF_FFFF, size: 4),
    Row("kernel_info_offset elsewhere", .harmless, at: 0x268, 0x123, size: 4),
    Row("setup_type_max 0", .harmless, at: 0x1F8, 0, size: 2) { $0.highestSetupData = 0 },
  ]

  private static let smallAmple: UInt64 = {
    let builder = BzImageBuilder { $0.payload = storedGzip(i386) }
    let packed = UInt64(builder.limit - builder.realModeSize)
    return (UInt64(i386.count) + packed + 8 << 20 + 0xFFF) & ~0xFFF
  }()

  @Test(
    "A wrong setup header field is refused, replaced with a warning, or harmless",
    arguments: rows, [true, false])
  func checksSetupHeaderFields(row: Row, isFast: Bool) throws {
    let file = row.builder.file
    let opened = Result { () throws(ImageError) in try KernelImage.open(file) }
    if case .refused(let name, let offset, let found) = row.outcome {
      guard case .failure(.badField(name, offset, found, _)) = opened else {
        Issue.record("\(opened)")
        return
      }
      return
    }
    let image = try bzImage(opened.get())
    let mended: [PlanNote]
    if case .mended(let name, let offset, let found, let taken) = row.outcome {
      let field = try #require(image.mended.first)
      #expect(image.mended.count == 1 && field.name == name && field.offset == offset)
      #expect(field.found == found && field.taken == taken, "\(field)")
      mended = field.isInitSizeTooSmall ? [] : [.headerFieldMended(field)]
    } else {
      #expect(image.mended.isEmpty)
      mended = []
    }

    let plan = try planned(row.builder, by: .segments, on: guest()) {
      $0.randomNumbers = .init(virtual: 1, physical: 1)
      $0.options.isFast = isFast
      $0.options.commandLine = "quiet"
      $0.initrds = [KexecPlanningTests.file(100)]
    }
    let load = try plan.segmentLoad()
    try check(load, of: image, notes: plan.notes, mended: mended)
    // kexec_file_load reads the wrong header itself.
    let byFile = Result { () throws(PlanningError) in
      try planned(row.builder, by: .file, on: guest())
    }
    if !image.extendedFlags.contains(.has64BitEntry) {
      #expect(throws: PlanningError.self) { try byFile.get() }
    } else if let field = image.mended.first {
      #expect(throws: PlanningError.headerBelieved(field)) { try byFile.get() }
      let request = LoadRequest(kernel: .init(path: "k", bytes: file))
      #expect(
        TestSupport.routes(for: request, on: guest(), image: .bzImage(image))
          == [Route(.segments, .headerMended)])
    } else {
      #expect(throws: Never.self) { try byFile.get() }
    }
  }

  private func bzImage(_ image: KernelImage) throws -> BzImage {
    let found: BzImage? = if case .bzImage(let image) = image { image } else { nil }
    return try #require(found, "\(image.type)")
  }

  /// Checks that the kernel has enough memory and a correct header, whatever its file says.
  private func check(
    _ load: SegmentLoad, of image: BzImage, notes: [PlanNote], mended: [PlanNote]
  ) throws {
    let kernels = load.segments.filter { $0.role == .kernel }
    let first = try #require(kernels.first).destination
    let last = try #require(kernels.last).destination
    let space = last.end.value - first.start.value
    let isFor32Bits = !image.extendedFlags.contains(.has64BitEntry)
    #expect(space >= (isFor32Bits ? 0x3000 : Self.window))
    #expect(first.start.value >= 0x100_0000)
    #expect(first.start.value % (isFor32Bits ? 0x1000 : 0x20_0000) == 0)
    #expect(
      notes.filter { if case .headerFieldMended = $0 { true } else { false } } == mended)
    for note in notes {
      if case .initSizeTooSmall(let stated, let needed) = note {
        #expect(stated < needed && needed == space)
      }
    }
    let block = try #require(load.segments.first { $0.role == .bootBlock }).bytes.array
    func value<Value>(_ field: Field<Value>) -> Value { block.loadField(field) }
    #expect(value(SetupHeader.version) >= 0x020F)
    #expect(value(SetupHeader.header) == SetupHeader.magic)
    #expect(value(SetupHeader.typeOfLoader) == SetupHeader.kexecLoader)
    #expect(UInt64(value(SetupHeader.initSize)) >= (isFor32Bits ? 0x3000 : Self.window))
    #expect(value(SetupHeader.initSize) <= 1 << 30)
    let alignment = value(SetupHeader.kernelAlignment)
    #expect(alignment >= (isFor32Bits ? 0x2000 : 0x20_0000) && alignment <= 16 << 20)
    #expect(value(SetupHeader.hardwareSubarch) == 0)
    #expect(value(SetupHeader.setupData) == 0)
    #expect(value(SetupHeader.loadflags) & 1 == 1)
  }

  /// In real mode the kernel's own code copies the header.
  @Test("An init_size that is too small is corrected in the real-mode header too")
  func correctsInitSizeInRealMode() throws {
    let machine = guest(ram: 0...0x9_FBFF, 0x10_0000...0x5FFD_FFFF)
    let builder = BzImageBuilder {
      ($0.payload, $0.initSize) = (storedGzip(Self.vmlinux), 0x1000)
    }
    let plan = try planned(builder, by: .segments, on: machine) { $0.options.entry = .realMode }
    let load = try plan.segmentLoad()
    let code = try #require(load.segments.first { $0.role == .realMode }).bytes.array
    #expect(UInt64(code.loadField(SetupHeader.initSize)) == Self.ample)
    #expect(try place(of: .kernel, in: load).byteCount == Self.ample)
    #expect(plan.notes.contains(.initSizeTooSmall(0x1000, needed: Self.ample)))
  }

  /// In any format, the first bytes of the unpacked kernel show how much memory it takes.
  @Test(
    "A payload in any compression format shows that init_size is too small",
    arguments: [Compressor.gzip, .xz, .lzma, .zstd, .lz4Legacy, .lz4Frame, .bzip2, .lzo])
  func measuresKernelInEveryCompression(compressor: Compressor) throws {
    var payload = compressor.compress(Self.vmlinux)
    if compressor.format != .gzip {
      payload.append(littleEndian: UInt64(Self.vmlinux.count), count: 4)
    }
    let packed = payload
    let builder = BzImageBuilder { ($0.payload, $0.initSize) = (packed, 0x10_0000) }
    for isFast in [true, false] {
      let plan = try planned(builder, by: .segments, on: guest()) {
        $0.randomNumbers = .init(virtual: 1, physical: 1)
        $0.options.isFast = isFast
      }
      let note = plan.notes.compactMap { note -> UInt64? in
        if case .initSizeTooSmall(0x10_0000, let needed) = note { needed } else { nil }
      }
      // The size of the ELF file's segments, or what the decompressor needs.
      let needed = try #require(note.first)
      #expect(isFast ? needed == Self.window : needed >= Self.window + 4 << 20, "\(needed)")
    }
  }

  /// A size after the payload that is itself wrong must not be used.
  @Test(
    "A wrong size behind the payload does not change init_size",
    arguments: [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt64])
  func ignoresWrongSizeBehindPayload(size: UInt64) throws {
    var payload = storedZstd(Self.vmlinux)
    payload.append(littleEndian: size, count: 4)
    let packed = payload
    let builder = BzImageBuilder { ($0.payload, $0.initSize) = (packed, 0x40_0000) }
    let image = try bzImage(KernelImage.open(builder.file))
    #expect(image.mended.isEmpty && image.initSize == 0x40_0000)
  }
}
