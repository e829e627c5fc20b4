import ByteCoding
import ELFFormat
import TestSupport
import Testing

@testable import KernelImages

@Suite struct ELFKernelTests {
  @Test(
    "The parts of 32-bit and 64-bit ELF kernels are read in address order",
    arguments: [false, true])
  func readsPartsOfBothWidths(is64Bit: Bool) throws {
    let builder = ELFBuilder(is64Bit: is64Bit) { builder in
      builder.parts.insert(
        .init(physical: 0x20_0000, memorySize: 0x1000, bytes: [1, 2, 3]), at: 0)
      builder.parts.append(.init(physical: 0x30_0000, memorySize: 0, bytes: []))
    }
    let file = SharedBytes(builder.bytes())
    guard case .elf(let kernel) = try KernelImage.open(file) else {
      Issue.record("no ELF kernel")
      return
    }
    #expect(kernel.headers.width == (is64Bit ? .bits64 : .bits32))
    #expect(kernel.headers.entry == 0x10_0000)
    #expect(kernel.headers.parts.map(\.physicalAddress) == [0x10_0000, 0x20_0000])
    #expect(kernel.headers.parts.map(\.memorySize) == [0x3000, 0x1000])
    let low = kernel.headers.parts[0]
    #expect(
      try file.slice(low.fileOffset..<(low.fileOffset + low.fileSize)).array
        == [UInt8](repeating: 0xF4, count: 0x1800))
    #expect(!kernel.isLinux)
  }

  @Test("A Linux note marks an ELF kernel as Linux")
  func recognisesLinuxByNote() throws {
    for is64Bit in [false, true] {
      let builder = ELFBuilder(is64Bit: is64Bit) { $0.parts.append(ELFBuilder.linuxNote) }
      guard case .elf(let kernel) = try KernelImage.open(SharedBytes(builder.bytes())) else {
        Issue.record("no ELF kernel")
        return
      }
      #expect(kernel.isLinux)
    }
  }

  struct Refusal: CustomTestStringConvertible {
    let name: String
    let error: ImageError
    let change: @Sendable (inout ELFBuilder) -> Void
    var testDescription: String { name }

    init(
      _ name: String, _ error: ImageError, _ change: @escaping @Sendable (inout ELFBuilder) -> Void
    ) {
      self.name = name
      self.error = error
      self.change = change
    }
  }

  static let refusals: [Refusal] = [
    Refusal(
      "not executable",
      .badField(name: "e_type", offset: 16, found: 0, wanted: .executable)
    ) { $0.type = 0 },
    Refusal("a module", .unsupported(.objectFile)) { $0.type = 1 },
    Refusal("a dump", .unsupported(.coreDump)) { $0.type = 4 },
    Refusal(
      "tiny program headers",
      .badField(name: "e_phentsize", offset: 54, found: 8, wanted: .programHeaderSize)
    ) { $0.headerSize = 8 },
    Refusal(
      "nothing to load", .badField(name: "PT_LOAD count", offset: 0, found: 0, wanted: .nonzero)
    ) { $0.parts = [] },
    Refusal(
      "an entry outside",
      .badField(name: "e_entry", offset: 24, found: 0x50_0000, wanted: .insidePart)
    ) { $0.entry = 0x50_0000 },
    Refusal(
      "an entry among zeros",
      .badField(name: "e_entry", offset: 24, found: 0x10_2000, wanted: .insidePart)
    ) { $0.entry = 0x10_2000 },
    Refusal(
      "more bytes than memory",
      .badPart(.moreBytesThanMemory, index: 0, offset: 64, found: 0x1800)
    ) { $0.parts[0].memorySize = 0x17FF },
    Refusal(
      "beyond the last address",
      .badPart(.beyondAddresses, index: 0, offset: 64, found: 0x3000)
    ) { $0.parts[0].physical = .max - 0x1000 },
    Refusal(
      "overlapping", .badPart(.overlap, index: 1, offset: 120, found: 0x10_2FFF)
    ) { $0.parts.append(.init(physical: 0x10_2FFF, memorySize: 1, bytes: [])) },
    Refusal(
      "bytes beyond the file",
      .truncated(missing: .loadedPart(0), needs: 0x1_0000_1800, has: 120 + 0x1800)
    ) { $0.parts[0].offset = 0x1_0000_0000 },
    Refusal(
      "an offset that overflows",
      .truncated(missing: .loadedPart(0), needs: .max, has: 120 + 0x1800)
    ) { $0.parts[0].offset = .max - 5 },
  ]

  @Test("An ELF file of an unsupported type or with invalid parts is refused", arguments: refusals)
  func refusesInvalidELFKernels(_ refusal: Refusal) {
    let file = SharedBytes(ELFBuilder(is64Bit: true, refusal.change).bytes())
    #expect(throws: refusal.error) { try KernelImage.open(file) }
  }

  /// A file truncated at any length is reported as truncated.
  @Test("An ELF kernel that is cut off is refused")
  func refusesTruncatedELFKernel() {
    let whole = ELFBuilder(is64Bit: true).bytes()
    for length in stride(from: 20, to: whole.count, by: 7) {
      #expect(throws: ImageError.self) {
        try KernelImage.open(SharedBytes(Array(whole[..<length])))
      }
    }
  }

  @Test("A requested image type must match the type of the file")
  func checksRequestedType() throws {
    let elf = SharedBytes(ELFBuilder(is64Bit: true).bytes())
    #expect(try KernelImage.open(elf, as: .elf64).type == .elf64)
    #expect(throws: ImageError.otherType(wanted: .bzImage64, found: .elf64)) {
      try KernelImage.open(elf, as: .bzImage64)
    }
    #expect(throws: ImageError.otherType(wanted: .nbi, found: .elf64)) {
      try KernelImage.open(elf, as: .nbi)
    }
    let linux = BzImageBuilder().file
    #expect(try KernelImage.open(linux, as: .bzImage).type == .bzImage64)
    #expect(throws: ImageError.otherType(wanted: .multiboot, found: .bzImage64)) {
      try KernelImage.open(linux, as: .multiboot)
    }
    // A file that is not a kernel is named by its type.
    let archive = SharedBytes(Array("070701".utf8) + [UInt8](repeating: 0x30, count: 2000))
    #expect(throws: ImageError.unsupported(.cpio)) { try KernelImage.open(archive, as: .elf32) }
    let nbi = SharedBytes([0x36, 0x13, 0x03, 0x1B] + [UInt8](repeating: 0, count: 2000))
    #expect(throws: ImageError.unsupported(.nbi)) { try KernelImage.open(nbi, as: .nbi) }
  }
}
