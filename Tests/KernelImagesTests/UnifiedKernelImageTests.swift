import ByteCoding
import Compression
import TestSupport
import Testing

@testable import KernelImages

private let kernel = BzImageBuilder {
  $0.setupSectors = 1
  $0.name = nil
  $0.jumpDistance = 0x6A
}.bytes

private typealias Section = UnifiedImageBuilder.Section

private func open(_ builder: UnifiedImageBuilder) throws(ImageError) -> UnifiedKernelImage {
  guard case .unified(let image) = try KernelImage.open(builder.file) else {
    throw .unsupported(.efiProgram(machine: nil))
  }
  return image
}

@Suite struct UnifiedKernelImageTests {
  private static let full = UnifiedImageBuilder([
    Section(".text", "code"), Section(".osrel", "ID=x\nPRETTY_NAME=\"Ein System 3\"\nA=b\n"),
    Section(".cmdline", "root=/dev/sda1\nquiet \n\0\0"), Section(".uname", "6.1.0-x\n"),
    Section(".linux", kernel), Section(".initrd", "07070 initrd"), Section(".ucode", "07070 code"),
    Section(".dtb", [0xD0, 0x0D, 0xFE, 0xED]), Section(".sbat", "sbat,1"),
    Section(".dtbauto", "a"), Section(".dtbauto", "b"), Section(".hwids", "c"),
  ])

  @Test("A unified image gives its kernel, initrd, microcode, command line and other sections")
  func readsEverySection() throws {
    let image = try open(Self.full)
    #expect(image.kernelFile.array == kernel)
    #expect(image.section(.initrd)?.array == Array("07070 initrd".utf8))
    #expect(image.section(.microcode)?.array == Array("07070 code".utf8))
    #expect(image.section(.deviceTree)?.array == [0xD0, 0x0D, 0xFE, 0xED])
    #expect(image.commandLine == "root=/dev/sda1 quiet")
    #expect(image.systemName == "Ein System 3")
    #expect(image.release == "6.1.0-x")
    #expect(image.profileCount == 0)
    #expect(!image.isSigned)
    #expect(image.sections.filter { $0.kind == .automaticDeviceTree }.count == 2)
    guard case .bzImage(let inner) = image.kernel else {
      Issue.record("not a bzImage")
      return
    }
    #expect(inner.protectedMode.count == 0x1000)
  }

  @Test("A unified image needs no section but its kernel")
  func aKernelAloneIsEnough() throws {
    let image = try open(UnifiedImageBuilder([Section(".linux", kernel)]))
    #expect(image.sections.map(\.kind) == [.kernel])
    #expect(image.commandLine == nil && image.systemName == nil && image.release == nil)
  }

  @Test("An empty initrd or command line section counts as missing")
  func ignoresEmptySections() throws {
    let image = try open(
      UnifiedImageBuilder([
        Section(".initrd", ""), Section(".cmdline", " \n"), Section(".linux", kernel),
      ]))
    #expect(image.section(.initrd) == nil)
    #expect(image.commandLine == nil)
  }

  /// The size in memory may be smaller than that in the file, which is padded, or larger, for a
  /// kernel that runs in place.
  @Test("A section has the smaller of its sizes in memory and in the file")
  func usesSmallerSectionSize() throws {
    var builder = Self.full
    builder.sections[5].virtualSize = 5
    builder.sections[4].virtualSize = 0x10_0000
    let image = try open(builder)
    #expect(image.section(.initrd)?.array == Array("07070".utf8))
    #expect(image.kernelFile.count == (kernel.count + 511) & ~511)
  }

  /// The kernel's own signature is valid only for the file without padding.
  @Test("A signed kernel in a unified image ends with its own signature, without padding")
  func aSignedKernelEndsWithItsSignature() throws {
    let signed = BzImageBuilder {
      $0.setupSectors = 1
      $0.name = nil
      $0.isSigned = true
    }.bytes
    var builder = UnifiedImageBuilder([Section(".linux", signed)])
    builder.sections[0].virtualSize = 0x10_0000
    builder.isSigned = true
    let image = try open(builder)
    #expect(image.kernelFile.array == signed)
    #expect(image.isSigned)
  }

  @Test("A compressed kernel section is unpacked up to the size limit")
  func unpacksCompressedKernelSection() throws {
    for (packed, format) in [
      (storedGzip(kernel), CompressionFormat.gzip), (storedZstd(kernel), .zstd),
    ] {
      // Linkers pad sections, and tools write the padded size into the header.
      let padded = packed + [UInt8](repeating: 0, count: 100)
      let file = UnifiedImageBuilder([Section(".linux", padded)]).file
      guard
        case .unified(let image) = try KernelImage.open(file, unpackedLimit: kernel.count),
        case .bzImage = image.kernel
      else {
        Issue.record("no kernel")
        continue
      }
      #expect(image.packing == format && image.kernelFile.array == kernel)
      let place = try #require((try? PESection.all(in: file.span) { $0 == ".linux" })??.first)
      let start = place.bytes.lowerBound
      #expect(
        throws: ImageError.inside(
          section: ".linux", offset: start,
          .notUnpacked(.tooLarge(limit: kernel.count - 1), streamOffset: 0))
      ) { try KernelImage.open(file, unpackedLimit: kernel.count - 1) }
    }
    #expect(try open(Self.full).packing == nil)
  }

  @Test("A kernel section that is compressed twice is refused")
  func refusesKernelCompressedTwice() throws {
    let file = UnifiedImageBuilder([Section(".linux", storedGzip(storedZstd(kernel)))]).file
    let error = #expect(throws: ImageError.self) { try KernelImage.open(file) }
    guard case .inside(".linux", _, .unsupported(.compressed(.zstd))) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// The sections of profile 0 come before the shared ones; other profiles are ignored.
  @Test("The first profile precedes the shared sections, and other profiles are ignored")
  func usesFirstProfile() throws {
    let image = try open(
      UnifiedImageBuilder([
        Section(".linux", kernel), Section(".cmdline", "shared"), Section(".initrd", "shared"),
        Section(".profile", "ID=one"), Section(".cmdline", "one"),
        Section(".profile", "ID=two"), Section(".cmdline", "two"), Section(".initrd", "two"),
      ]))
    #expect(image.profileCount == 2)
    #expect(image.commandLine == "one")
    #expect(image.section(.initrd)?.array == Array("shared".utf8))
  }

  @Test("An EFI program without a shared kernel section is refused as an EFI program")
  func refusesOtherEFIPrograms() {
    for sections in [
      [], [Section(".text", "x")], [Section(".linuxx", kernel)],
      [Section(".profile", "ID=a"), Section(".profile", "ID=b"), Section(".linux", kernel)],
    ] {
      #expect(throws: ImageError.unsupported(.efiProgram(machine: nil))) {
        try KernelImage.open(UnifiedImageBuilder(sections).file)
      }
    }
  }
}

@Suite struct HostileUnifiedImageTests {
  private static let table = UnifiedImageBuilder.sectionTable

  private static func image(_ change: (inout UnifiedImageBuilder) -> Void) -> UnifiedImageBuilder {
    // A name of eight bytes has no terminating NUL.
    var builder = UnifiedImageBuilder([
      Section(".linux", kernel), Section(".initrd", "initrd"), Section(".dtbauto", "tree"),
    ])
    change(&builder)
    return builder
  }

  private static let size = image { _ in }.bytes.count
  private static let last = image { _ in }.bytes.count - 512

  @Test(
    "A unified image with invalid sections or without a usable kernel is refused",
    arguments: [
      (
        "beyond the file", image { $0.sections[1].rawOffset = UInt32(size - 2) },
        .truncated(missing: .section(".initrd"), needs: size + 4, has: size)
      ),
      (
        "huge",
        image {
          $0.sections[2].virtualSize = .max
          $0.sections[2].rawSize = .max
        },
        .truncated(missing: .section(".dtbauto"), needs: last + 0xFFFF_FFFF, has: size)
      ),
      (
        "behind the address space of a file", image { $0.sections[0].rawOffset = .max },
        .truncated(missing: .section(".linux"), needs: 0xFFFF_FFFF + kernel.count, has: size)
      ),
      (
        "in the headers", image { $0.sections[1].rawOffset = 0x80 },
        .badField(
          name: "PointerToRawData of .initrd", offset: table + 40 + 20, found: 0x80,
          wanted: .behindHeaders(table + 120))
      ),
      (
        "overlapping", image { $0.sections[1].rawOffset = 0x210 },
        .badField(
          name: "PointerToRawData of .initrd", offset: table + 40 + 20, found: 0x210,
          wanted: .behindSection(".linux", end: 0x200 + kernel.count))
      ),
      (
        "too many sections", image { $0.sectionCount = 0xFFFF },
        .truncated(missing: .sectionHeaders(65535), needs: table + 40 * 65535, has: size)
      ),
      (
        "empty kernel", image { $0.sections[0].virtualSize = 0 },
        .badField(
          name: "VirtualSize of .linux", offset: table + 8, found: 0, wanted: .sizeOfKernel)
      ),
      (
        "twice", image { $0.sections[2].name = ".initrd" },
        .repeated(section: ".initrd", offset: table + 80)
      ),
      (
        "a kernel cut off", image { $0.sections[0].virtualSize = 0x500 },
        .inside(
          section: ".linux", offset: 0x200,
          .truncated(missing: .protectedModePart, needs: 0x1400, has: 0x500))
      ),
      (
        "no kernel", image { $0.sections[0].bytes = Array("hello, world".utf8) },
        .inside(section: ".linux", offset: 0x200, .unsupported(.text(start: "hello, world")))
      ),
      (
        "the path of one", image { $0.sections[0].bytes = Array("\\EFI\\nixos\\kernel.efi".utf8) },
        .inside(section: ".linux", offset: 0x200, .unsupported(.path("\\EFI\\nixos\\kernel.efi")))
      ),
      (
        "the path of one, in 16 bits",
        image { $0.sections[0].bytes = "\\k.efi".utf16.flatMap { [UInt8($0), 0] } + [0, 0] },
        .inside(section: ".linux", offset: 0x200, .unsupported(.path("\\k.efi")))
      ),
      (
        "random bytes",
        image {
          $0.sections[0].bytes = Array(repeating: [0x90, 0xC3, 7, 0xFF], count: 200).flatMap { $0 }
        },
        .inside(
          section: ".linux", offset: 0x200,
          .unrecognised(firstBytes: [0x90, 0xC3, 7, 0xFF, 0x90, 0xC3, 7, 0xFF]))
      ),
      (
        "four random bytes", image { $0.sections[0].bytes = [0x90, 0xC3, 7, 0xFF] },
        .inside(section: ".linux", offset: 0x200, .unrecognised(firstBytes: [0x90, 0xC3, 7, 0xFF]))
      ),
      (
        "a kernel for arm64",
        image {
          $0.sections[0].bytes = [UInt8](repeating: 0, count: 0x38) + Array("ARMd".utf8) + [0]
        },
        .inside(section: ".linux", offset: 0x200, .unsupported(.otherImage(machine: "arm64")))
      ),
      (
        "an image in an image", image { $0.sections[0].bytes = image { _ in }.bytes },
        .inside(section: ".linux", offset: 0x200, .unsupported(.uki))
      ),
    ] as [(String, UnifiedImageBuilder, ImageError)])
  func refusesHostileSections(what: String, builder: UnifiedImageBuilder, error: ImageError) {
    #expect(throws: error) { try KernelImage.open(builder.file) }
  }

  /// Any header gives a value or an error. The seed is printed, so that a run can be repeated.
  @Test("A unified image with random bytes in its headers never traps")
  func randomHeadersNeverTrap() {
    let seed = SplitMix.seed(of: "random unified images")
    var generator = SplitMix(seed: seed)
    let good = Self.image { $0.isSigned = true }.bytes
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        bytes[Int.random(in: 0..<(Self.table + 120), using: &generator)] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      bytes.removeLast(Int.random(in: 0...64, using: &generator))
      if case .unified(let image)? = try? KernelImage.open(SharedBytes(bytes)) {
        for section in image.sections { #expect(section.bytes.count < bytes.count, "seed \(seed)") }
      }
    }
  }
}
