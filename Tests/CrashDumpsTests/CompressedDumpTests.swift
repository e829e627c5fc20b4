import ByteCoding
import Compression
import TestSupport
import Testing

@testable import CrashDumps

/// kdump-compressed and flattened files.
@Suite struct CompressedDumpTests {
  /// A memory with free pages, of which most differ.
  private static let memory = CrashImageBuilder { builder in
    builder.setFree(0x400, order: 10)
    builder.setFreeCounter(1024)
    for frame in 0x310..<0x318 { builder.set(frame) { $0.mapping = 0x1001 } }
    for frame in 0x330..<0x400 {
      for byte in 0..<64 {
        builder.memory[4096 * frame + 61 * byte] = UInt8(truncatingIfNeeded: frame * byte)
      }
    }
  }

  private static func page(_ frame: Int) -> [UInt8] {
    Array(memory.memory[(4096 * frame)..<(4096 * frame + 4096)])
  }

  @Test(
    "Every page is read from files of all methods of compression, and the classes are the same",
    arguments: [
      (0, 0, nil), (1, 0, .zlib), (2, 0, .lzo), (0x20, 0, .zstd), (0, 4, nil), (1, 4, .zlib),
    ] as [(UInt32, UInt32, PageCompression?)])
  func allMethodsAreRead(method: UInt32, flag: UInt32, compression: PageCompression?) throws {
    let builder = CompressedDumpBuilder(Self.memory) {
      ($0.method, $0.missing, $0.excluded) = (method, [0, 1, 0x150], Set(0x400..<0x800))
      $0.otherFlags = flag
    }
    let image = try CrashImageTests.open(builder.bytes)
    #expect(
      image.format
        == DumpFormat(
          layout: .compressed(compression, level: 31, isSplit: false), isMarkedIncomplete: false,
          missingByteCount: 0, flattenedEnd: nil))
    #expect(image.machine == 62 && image.processorCount == 2 && image.pagingLevels == 4)
    #expect(image.frameCount == 2045 && image.endFrame == 2048)
    for frame in 0..<2048 {
      let read = try? image.memory.run(at: UInt64(4096 * frame), count: 4096).array
      let isStored = frame < 0x400 && ![0, 1, 0x150].contains(frame)
      #expect(read == (isStored ? Self.page(frame) : nil), "\(frame)")
    }
    // Across pages, from inside a page, up to one that is not stored.
    let run = try image.memory.run(at: 0x3F_E800, count: 1 << 20).array
    #expect(run == Array(Self.memory.memory[0x3F_E800..<0x40_0000]))
    #expect(try image.memory.memory(from: 0) == 2)
    #expect(try image.memory.memory(from: 0x150) == 0x151)
    let found = try Classification(image, level: .all)
    #expect(found.findings == [] && found.tally.freeFound == 1024)
    #expect(found.tally.counts == [3, 1013, 0, 0, 8, 1024, 0, 0, 0])
  }

  @Test("Each file of a split dump has its own part of the pages")
  func splitDumpsHaveTheirPart() throws {
    for part in [0..<0x300, 0x300..<0x800] {
      let builder = CompressedDumpBuilder(Self.memory) {
        ($0.part, $0.excluded) = (part, [0x10, 0x310])
      }
      let image = try CrashImageTests.open(builder.bytes)
      #expect(image.format.layout == .compressed(.zlib, level: 31, isSplit: true))
      for frame in [0, 0x11, 0x210, 0x2FF, 0x300, 0x311, 0x3FF, 0x7FF] {
        let read = try? image.memory.run(at: UInt64(4096 * frame), count: 4096).array
        #expect(read == (part.contains(frame) ? Self.page(frame) : nil), "\(frame)")
      }
    }
  }

  @Test("One map for both, and a size of one map, are understood", arguments: [true, false])
  func otherMapsAreUnderstood(hasStoredMap: Bool) throws {
    let builder = CompressedDumpBuilder(Self.memory) {
      ($0.mapBlocks, $0.hasStoredMap) = (1, hasStoredMap)
      $0.excluded = hasStoredMap ? [0x10] : []
    }
    // 2048 pages fit into half a block; more pages need the block.
    var bytes = builder.bytes
    bytes.store(UInt64(2048), as: Field<UInt64>(4096 + 96))
    let image = try CrashImageTests.open(bytes)
    for frame in [0x11, 0x210, 0x3FF] {
      #expect(try image.memory.run(at: UInt64(4096 * frame), count: 4096).array == Self.page(frame))
    }
    #expect(image.frameCount == 2048)
  }

  @Test("Damage is said, and where it is")
  func damageIsSaid() throws {
    let bytes = CompressedDumpBuilder(Self.memory).bytes
    func open(_ change: (inout [UInt8]) -> Void) throws -> CrashImage {
      var changed = bytes
      change(&changed)
      return try CrashImageTests.open(changed)
    }
    #expect(throws: CrashImageError.otherVersion(5)) {
      try open { $0.store(UInt32(5), as: Field<UInt32>(8)) }
    }
    #expect(throws: CrashImageError.badHeader("block_size", 512)) {
      try open { $0.store(UInt32(512), as: Field<UInt32>(428)) }
    }
    #expect(throws: CrashImageError.badHeader("max_mapnr_64", 65_537)) {
      try open { $0.store(UInt64(65_537), as: Field<UInt64>(4096 + 96)) }
    }
    let incomplete = try open { $0.store(UInt32(9), as: Field<UInt32>(424)) }
    #expect(incomplete.format.isMarkedIncomplete)
    // The page 0x350, which no page table is in.
    let place = CompressedDumpBuilder.descriptors + 24 * 0x350
    let data = Int(bytes.loadField(Field<UInt64>(place)))
    func fault(_ change: (inout [UInt8]) -> Void) throws -> CrashImageError? {
      let image = try open(change)
      return #expect(throws: CrashImageError.self) {
        try image.memory.run(at: 0x35_0000, count: 1)
      }
    }
    let notThere = CrashImageError.notInDump(physical: 0x35_0000)
    #expect(try fault { $0.store(UInt64(0), as: Field<UInt64>(place)) } == notThere)
    #expect(try fault { $0.store(UInt64.max, as: Field<UInt64>(place)) } == notThere)
    // A writer that did not get so far.
    let isZero = try fault { $0.store([UInt8](repeating: 0, count: 24), at: place) }
    #expect(isZero == notThere)
    for size: UInt32 in [0, 9000] {
      let found = try fault { $0.store(size, as: Field<UInt32>(place + 8)) }
      #expect(found == .badDescriptor(offset: UInt64(place)))
    }
    #expect(
      try fault { $0.store(UInt32(4), as: Field<UInt32>(place + 12)) } == .otherCompression(4))
    let marked = try open { $0.store(UInt32(5), as: Field<UInt32>(place + 12)) }
    #expect(try marked.memory.run(at: 0x35_0000, count: 4096).array == Self.page(0x350))
    #expect(
      try fault { $0[data + 9] ^= 0x55 } == .badPage(offset: UInt64(data), physical: 0x35_0000))
  }

  @Test("A flattened file is the file inside, in whatever order its records are")
  func flattenedFilesAreRead() throws {
    let plain = CompressedDumpBuilder(Self.memory).bytes
    func open(_ flattened: [UInt8]) throws -> (bytes: [UInt8], isComplete: Bool) {
      let file = try FlattenedFile(RandomAccessFile(SharedBytes(flattened)))
      let bytes = try file.file.bytes(at: 0, count: Int(file.file.byteCount))
      return (bytes.array, file.isComplete)
    }
    for size in [1000, 4096, 100_000] {
      let forward = CompressedDumpBuilder.flatten(plain, size: size)
      #expect(try open(forward).bytes == plain)
      let backward = CompressedDumpBuilder.flatten(plain, size: size) { $0.reversed() }
      #expect(try open(backward) == (plain, true))
    }
    // Later records replace what earlier ones have written, also in the middle of one.
    let replaced = CompressedDumpBuilder.flatten(plain, size: 5000) { records in
      var wrong = records[0]
      wrong.bytes = [UInt8](repeating: 9, count: 20_000)
      let inside = (offset: 7000, bytes: Array(plain[7000..<7100]))
      return [wrong] + records[1...] + [records[0], inside]
    }
    #expect(try open(replaced).bytes == plain)
    // Holes are zeros.
    let holes = CompressedDumpBuilder.flatten(plain, size: 5000) { [$0[0], $0[2]] }
    let wanted = Array(plain[..<5000]) + [UInt8](repeating: 0, count: 5000) + plain[10_000..<15_000]
    #expect(try open(holes).bytes == wanted)

    let image = try CrashImageTests.open(CompressedDumpBuilder.flatten(plain, size: 5000))
    #expect(image.format.flattenedEnd == true && image.pagingLevels == 4)
    #expect(try image.memory.run(at: 0x35_0000, count: 4096).array == Self.page(0x350))
    let cut = try CrashImageTests.open(
      CompressedDumpBuilder.flatten(plain, size: 5000, isComplete: false))
    #expect(cut.format.flattenedEnd == false)
    let elf = try CrashImageTests.open(CompressedDumpBuilder.flatten(Self.memory.bytes, size: 5000))
    #expect(elf.format.flattenedEnd == true && elf.pagingLevels == 4)
  }

  @Test("Records that cannot be right are refused")
  func badRecordsAreRefused() throws {
    var flattened = CompressedDumpBuilder.flatten([1, 2, 3], size: 2)
    flattened[4096] = 0x80
    #expect(throws: CrashImageError.badRecord(offset: 4096)) {
      try CrashImageTests.open(flattened)
    }
    flattened = CompressedDumpBuilder.flatten([1, 2, 3], size: 2)
    #expect(throws: CrashImageError.otherFormat(0)) { try CrashImageTests.open(flattened) }
  }
}
