import ByteCoding
import TestSupport
import Testing

@testable import KernelImages

@Suite struct VmlinuxTests {
  @Test("The ELF headers give a vmlinux its entry, parts and relocation table")
  func readsTheHeaders() throws {
    let builder = VmlinuxBuilder()
    let vmlinux = try parse(builder.bytes)
    #expect(vmlinux.entry == 0x100_0040)
    #expect(
      vmlinux.parts.map(\.physicalAddress) == [0x100_0000, 0x120_0000, 0x130_0000, 0x130_1000])
    #expect(vmlinux.parts.map(\.memorySize) == [0x1800, 0x10_0000, 0x1000, 0xF_0000])
    // 64 bytes of header, 4 program headers of 56; then the parts, one after the other.
    #expect(vmlinux.parts.map(\.fileOffset) == [0x120, 0x420, 0x6A0, 0x7A0])
    #expect(vmlinux.parts.map(\.fileSize) == [0x300, 0x280, 0x100, 0x200])
    #expect(vmlinux.physicalStart == 0x100_0000)
    #expect(vmlinux.physicalEnd == 0x13F_1000)
    #expect(vmlinux.windowSize == 0x3F_1000)
    // Two section headers of 64 bytes; then 8 words.
    #expect(vmlinux.relocationTable == 0xA20..<0xA40)
  }

  /// The order of program headers is irrelevant, and those that are empty or not PT_LOAD are
  /// ignored.
  @Test("The order of program headers does not matter, and only loaded parts count")
  func ignoresProgramHeaderOrder() throws {
    let shuffled = VmlinuxBuilder {
      $0.parts.reverse()
      var note = $0.parts[0]
      (note.type, note.physical) = (4, 0x123)
      $0.parts.insert(note, at: 2)
      $0.parts.append(.init(physical: 0, virtual: 0, memorySize: 0, bytes: []))
    }
    let vmlinux = try parse(shuffled.bytes)
    #expect(
      vmlinux.parts.map(\.physicalAddress) == [0x100_0000, 0x120_0000, 0x130_0000, 0x130_1000])
    #expect(vmlinux.parts[0].fileOffset == shuffled.fileOffset(4))
  }

  @Test("A vmlinux without trailing bytes has no relocation table")
  func noTrailerMeansNoTable() throws {
    #expect(try parse(VmlinuxBuilder { $0.trailer = [] }.bytes).relocationTable == nil)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let error: VmlinuxError
    let change: @Sendable (inout VmlinuxBuilder) -> Void

    init(
      _ name: String, _ error: VmlinuxError,
      _ change: @escaping @Sendable (inout VmlinuxBuilder) -> Void
    ) {
      testDescription = name
      self.error = error
      self.change = change
    }
  }

  static let refusals: [Refusal] = [
    Refusal("another machine", .notELF64) { $0.machine = 183 },
    Refusal("nothing to load", .partCount(0)) { builder in
      for index in builder.parts.indices { builder.parts[index].type = 4 }
    },
    Refusal("no parts", .partCount(0)) { $0.parts = [] },
    Refusal("seven parts", .partCount(7)) { builder in
      for index in 0..<3 {
        builder.parts.append(
          .init(physical: 0x200_0000 + UInt64(index) << 12, virtual: 0, memorySize: 1, bytes: []))
      }
    },
    Refusal("not at a page", .badPart(index: 2)) {
      $0.parts[2].physical += 0x10
      $0.parts[2].memorySize -= 0x10
    },
    Refusal("overlapping", .badPart(index: 1)) { $0.parts[0].memorySize = 0x20_0001 },
    Refusal("at one place", .badPart(index: 3)) { $0.parts[3].physical = 0x130_0000 },
    Refusal("beyond 1 GiB", .badPart(index: 3)) { $0.parts[3].physical = 1 << 30 },
    Refusal("far beyond", .badPart(index: 3)) { $0.parts[3].physical = .max &- 0xFFF },
    Refusal("huge", .badPart(index: 3)) { $0.parts[3].memorySize = .max },
    Refusal("less memory than bytes", .badPart(index: 0)) { $0.parts[0].memorySize = 0x2FF },
    Refusal("entry below", .entryOutside(0xFF_FFFF)) { $0.entry = 0xFF_FFFF },
    Refusal("entry in a gap", .entryOutside(0x110_0000)) { $0.entry = 0x110_0000 },
    Refusal("entry behind", .entryOutside(0x13F_1000)) { $0.entry = 0x13F_1000 },
    // The address is in memory of the part, but not in its bytes: there are only zeros.
    Refusal("entry behind the bytes", .entryOutside(0x100_0300)) { $0.entry = 0x100_0300 },
    Refusal("entry a virtual address", .entryOutside(0xFFFF_FFFF_8100_0040)) {
      $0.entry = 0xFFFF_FFFF_8100_0040
    },
  ]

  @Test(
    "A vmlinux with another machine, invalid parts or an entry outside them is refused",
    arguments: refusals)
  func refusesInvalidHeaders(row: Refusal) {
    #expect(throws: row.error) { try parse(VmlinuxBuilder(row.change).bytes) }
  }

  @Test("A file that is no little-endian 64-bit ELF file is refused")
  func refusesFilesThatAreNotELF64() {
    #expect(throws: VmlinuxError.notELF64) { try parse([UInt8](repeating: 7, count: 64)) }
    #expect(throws: VmlinuxError.truncated) { try parse([]) }
    var elf32 = VmlinuxBuilder().bytes
    elf32[4] = 1
    #expect(throws: VmlinuxError.notELF64) { try parse(elf32) }
    var bigEndian = VmlinuxBuilder().bytes
    bigEndian[5] = 2
    #expect(throws: VmlinuxError.notELF64) { try parse(bigEndian) }
  }

  /// Slots end below 1 GiB: with the last offset the image still ends below it.
  @Test(
    "Virtual slots are counted so that the kernel ends within 1 GiB",
    arguments: [
      // (2^30 - end) / alignment + 1
      (0x3F_1000 + 0x100_0000, 0x20_0000, 0x40_0000 / 0x2000 - 10 + 1),
      (1 << 30, 0x20_0000, 1), ((1 << 30) - 0x20_0000, 0x20_0000, 2),
      ((1 << 30) - 0x1F_F000, 0x20_0000, 1), ((1 << 30) + 0x1000, 0x20_0000, 0),
      (0x200_0000, 0x100_0000, 63),
    ] as [(UInt64, UInt64, UInt64)])
  func countsVirtualSlots(end: UInt64, alignment: UInt64, count: UInt64) throws {
    let vmlinux = try parse(
      VmlinuxBuilder { $0.parts[3].memorySize = end - 0x130_1000 }.bytes)
    #expect(vmlinux.physicalEnd == end)
    let slots = vmlinux.virtualSlots(alignment: alignment)
    #expect(slots == count)
    if slots > 0 {
      #expect(end + (slots - 1) * alignment <= 1 << 30)
      #expect(end + slots * alignment > 1 << 30)
    }
  }

  // MARK: Relocation

  @Test("Relocation changes exactly the addresses that the table lists")
  func relocatesListedAddresses() throws {
    let builder = VmlinuxBuilder()
    let moved = try relocated(builder, by: 0x1240_0000)
    var wanted = builder.bytes
    // Part 0 is at 0x120 of the file, part 1 at 0x420, part 3 at 0x7A0.
    wanted.store(UInt64(0xFFFF_FFFF_9360_0000), as: Field(0x130))  // ffffffff81200000 + v
    wanted.store(UInt64(0xFFFF_FFFF_9340_0040), as: Field(0x7A8))  // ffffffff81000040 + v
    wanted.store(UInt32(0x0DC0_0000), as: Field(0x140))  // 20000000 - v
    wanted.store(UInt32(0x9360_0040), as: Field(0x150))  // 81200040 + v
    wanted.store(UInt32(0x123F_FFF0), as: Field(0x424))  // fffffff0 + v, the carry is lost
    #expect(moved == wanted, "\(differences(moved, wanted))")
  }

  /// Kernels since about 7.0: no inverse list.
  @Test("A relocation table of two lists is applied without inverse relocations")
  func acceptsTwoRelocationLists() throws {
    let builder = VmlinuxBuilder { $0.lists.remove(at: 1) }
    let moved = try relocated(builder, by: 0x20_0000)
    var wanted = builder.bytes
    wanted.store(UInt64(0xFFFF_FFFF_8140_0000), as: Field(0x130))
    wanted.store(UInt64(0xFFFF_FFFF_8120_0040), as: Field(0x7A8))
    wanted.store(UInt32(0x8140_0040), as: Field(0x150))
    wanted.store(UInt32(0x001F_FFF0), as: Field(0x424))
    #expect(moved == wanted, "\(differences(moved, wanted))")
  }

  @Test("A relocation table may have empty lists")
  func acceptsEmptyRelocationLists() throws {
    let builder = VmlinuxBuilder { $0.lists = [[], [], []] }
    #expect(try relocated(builder, by: 0x20_0000) == builder.bytes)
    let two = VmlinuxBuilder { $0.lists = [[], [VmlinuxBuilder.text + 0x30]] }
    #expect(try relocated(two, by: 0x20_0000) != two.bytes)
  }

  @Test("A shift of zero or a missing relocation table changes nothing")
  func noShiftAndNoTableChangeNothing() throws {
    #expect(try relocated(VmlinuxBuilder(), by: 0) == VmlinuxBuilder().bytes)
    let fixed = VmlinuxBuilder { $0.trailer = [] }
    #expect(try relocated(fixed, by: 0x20_0000) == fixed.bytes)
  }

  @Test(
    "A relocation table with a wrong number of lists is refused",
    arguments: [
      ("one list", [0, 0x8100_0010], 1), ("four lists", [0, 0, 0, 0], 4),
      ("five lists", [0, 0, 0, 0, 0], 4), ("no zero first", [0x8100_0010, 0, 0x8100_0010, 0], 2),
      ("no zero", [0x8100_0010], 0), ("one zero", [0], 1),
    ] as [(String, [UInt32], Int)])
  func refusesWrongListCount(name: String, words: [UInt32], found: Int) {
    let builder = VmlinuxBuilder { builder in
      builder.trailer = []
      for word in words { builder.trailer?.append(littleEndian: UInt64(word), count: 4) }
    }
    #expect(throws: VmlinuxError.relocationLists(found)) { try relocated(builder, by: 0x20_0000) }
  }

  @Test("A relocation table with a partial word is refused", arguments: 1...3)
  func refusesPartialWordInTable(excess: Int) {
    var file = VmlinuxBuilder().bytes
    file += [UInt8](repeating: 1, count: excess)
    #expect(throws: VmlinuxError.relocationLists(3)) { try relocated(file, by: 0x20_0000) }
  }

  @Test(
    "A relocation outside the bytes of the parts is refused",
    arguments: [
      // The table is at 0xA20; its second word is the first address of 64 bits.
      ("below", 0, 0, VmlinuxBuilder.text - 8, 0xA24),
      ("reaching over the end", 0, 0, VmlinuxBuilder.text + 0x2F9, 0xA24),
      ("in zeros", 0, 1, VmlinuxBuilder.text + 0x400, 0xA28),
      ("in a gap", 1, 0, VmlinuxBuilder.text + 0x10_0000, 0xA30),
      ("behind", 2, 1, VmlinuxBuilder.initial + 0x200, 0xA3C),
      ("32 bits over the end", 2, 0, VmlinuxBuilder.data + 0x27D, 0xA38),
      ("not in the mapping", 2, 0, 0x100_0010, 0xA38),
      ("the last byte", 2, 0, 0xFFFF_FFFF_FFFF_FFFF, 0xA38),
    ] as [(String, Int, Int, UInt64, Int)])
  func refusesRelocationOutsideParts(
    name: String, list: Int, index: Int, address: UInt64, offset: Int
  ) {
    let builder = VmlinuxBuilder { $0.lists[list][index] = address }
    #expect(throws: VmlinuxError.relocationOutside(offset: offset, address: address)) {
      try relocated(builder, by: 0x20_0000)
    }
  }

  @Test("A relocation of the last bytes of a part is accepted")
  func acceptsRelocationAtPartsEnd() throws {
    let builder = VmlinuxBuilder {
      $0.lists[0][0] = VmlinuxBuilder.text + 0x2F8
      $0.lists[2][1] = VmlinuxBuilder.data + 0x27C
    }
    #expect(throws: Never.self) { try relocated(builder, by: 0x20_0000) }
  }

  // MARK: Damage

  @Test("A vmlinux cut off at any length is refused or loses only its relocation table")
  func truncationNeverTraps() {
    let whole = VmlinuxBuilder().bytes
    for length in 0..<whole.count {
      let cut = Array(whole[..<length])
      if let moved = try? relocated(cut, by: 0x20_0000) {
        // Only the table may be cut off.
        #expect(length >= 0x9A0 && moved.count == length)
      }
    }
  }

  @Test("Random changes to the headers and the table of a vmlinux never trap")
  func randomDamageNeverTraps() {
    let seed = SplitMix.seed(of: "vmlinux flips")
    var generator = SplitMix(seed: seed)
    let whole = VmlinuxBuilder().bytes
    var counts = (taken: 0, refused: 0)
    for _ in 0..<4000 {
      var file = whole
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        // Changes only the headers and the table.
        let place =
          Bool.random(using: &generator)
          ? Int.random(in: 0..<0x120, using: &generator)
          : Int.random(in: 0xA20..<whole.count, using: &generator)
        file[place] =
          Bool.random(using: &generator)
          ? UInt8.random(in: 0...(.max), using: &generator)
          : file[place] ^ 1 << UInt8.random(in: 0...7, using: &generator)
      }
      do {
        #expect(try relocated(file, by: 0x3E00_0000).count == file.count)
        counts.taken += 1
      } catch {
        counts.refused += 1
      }
    }
    #expect(counts.taken > 100 && counts.refused > 100, "seed \(seed): \(counts)")
  }
}

private func parse(_ bytes: [UInt8]) throws(VmlinuxError) -> Vmlinux {
  let file = SharedBytes(bytes)
  return try Vmlinux(file.span)
}

private func relocated(_ builder: VmlinuxBuilder, by shift: UInt64) throws -> [UInt8] {
  try relocated(builder.bytes, by: shift)
}

private func relocated(_ bytes: [UInt8], by shift: UInt64) throws -> [UInt8] {
  let vmlinux = try parse(bytes)
  var file = try OwnedBytes(zeros: bytes.count)
  for (offset, byte) in bytes.enumerated() { try file.store(byte, at: offset) }
  try vmlinux.relocate(&file, by: shift)
  return file.freeze().array
}
