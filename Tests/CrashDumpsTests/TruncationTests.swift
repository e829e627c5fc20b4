import ByteCoding
import TestSupport
import Testing

@testable import CrashDumps

/// Dumps that end at any block, or at any byte near the edge of one of their structures: each is refused, or says that
/// bytes are missing, and leaves out no page that the complete one would not.
@Suite struct TruncationTests {
  /// A memory with pages of every class, of which most differ.
  private static let memory: CrashImageBuilder = {
    var builder = ClassificationTests.mixed()
    for frame in 0x330..<0x380 {
      for byte in 0..<64 {
        builder.memory[4096 * frame + 61 * byte] = UInt8(truncatingIfNeeded: frame * byte)
      }
    }
    return builder
  }()

  /// Cuts the file at each byte within 32 of `edges` and of both ends, and perhaps at each block.
  ///
  /// - Returns: how many of the files could be opened.
  private static func cut(
    _ bytes: [UInt8], at edges: [Int], andBlocks: Bool = true
  ) throws -> Int {
    let whole = SharedBytes(bytes)
    let format = try CrashImage(RandomAccessFile(whole)).format
    #expect(format.missingByteCount == 0 && format.flattenedEnd != false)
    let complete = try PageClassTests.classes(memory)
    var ends = Set(andBlocks ? Array(stride(from: 0, to: bytes.count, by: 4096)) : [])
    for edge in edges + [0, bytes.count] {
      for end in (edge - 32)...(edge + 32) where (0..<bytes.count).contains(end) {
        ends.insert(end)
      }
    }
    var opened = 0
    for end in ends.sorted() {
      let part = try whole.slice(0..<end)
      guard let image = try? CrashImage(RandomAccessFile(part)) else { continue }
      opened += 1
      let isSaid = image.format.missingByteCount > 0 || image.format.flattenedEnd == false
      #expect(isSaid, "nothing seems to be missing in the first \(end) bytes")
      ClassificationTests.check(part, against: complete, "of \(end) bytes")
    }
    return opened
  }

  @Test("ELF core files of 64 and of 32 bits", arguments: [true, false])
  func elfFiles(is64Bit: Bool) throws {
    var builder = Self.memory
    builder.is64Bit = is64Bit
    builder.ranges = [0x20_0000..<0x26_0000, 0x10_0000..<0x80_0000]
    let (header, program) = is64Bit ? (64, 56) : (52, 32)
    let notes = 4096..<(4096 + builder.notes.count)
    // The notes of two processors, and VMCOREINFO.
    let note = 20 + 336
    let memory = notes.upperBound.roundedUp(to: 4096)
    let opened = try Self.cut(
      builder.bytes,
      at: (0...3).map { header + program * $0 }
        + [notes.lowerBound, 4096 + note, 4096 + 2 * note, notes.upperBound]
        + [memory, memory + 0x6_0000], andBlocks: is64Bit)
    #expect(opened > (is64Bit ? 1900 : 250))
  }

  @Test("kdump-compressed files", arguments: [Set(0x400..<0x800), []])
  func compressedFiles(excluded: Set<Int>) throws {
    let builder = CompressedDumpBuilder(Self.memory) { $0.excluded = excluded }
    let bytes = builder.bytes
    let count = 2048 - excluded.count
    let table = CompressedDumpBuilder.descriptors
    var edges = [464, 4096, 4096 + 104, 4096 + 104 + builder.image.notes.count]
    edges += [0x3000, 0x4000, 0x5000, table + 24, table + 24 * 1000, table + 24 * count]
    // Pages of the kernel, of the memory map, and others.
    for frame in [0x200, 0x201, 0x210, 0x218, 0x330, 0x340, 0x37F] {
      let place = table + 24 * frame
      let offset = Int(bytes.loadField(Field<UInt64>(place)))
      edges += [offset, offset + Int(bytes.loadField(Field<UInt32>(place + 8)))]
    }
    #expect(try Self.cut(bytes, at: edges) > 500)
  }

  @Test("Flattened files, of both kinds")
  func flattenedFiles() throws {
    let compressed = CompressedDumpBuilder(Self.memory) { $0.excluded = Set(0x400..<0x800) }
    for (bytes, size) in [(compressed.bytes, 20_000), (Self.memory.bytes, 3_000_000)] {
      let flattened = CompressedDumpBuilder.flatten(bytes, size: size)
      let starts = stride(from: 4096, to: flattened.count - 16, by: 16 + size)
      let opened = try Self.cut(
        flattened, at: starts.flatMap { [$0, $0 + 16] } + [16, 32], andBlocks: false)
      #expect(opened > 150)
      // Records in another order: without the last one, the file inside has no start.
      let backward = CompressedDumpBuilder.flatten(bytes, size: size) { $0.reversed() }
      #expect(try Self.cut(backward, at: [4096, 4112], andBlocks: false) < 100)
    }
  }
}
