import ByteCoding
import Compression
import CrashDumps
import Digests
import TestSupport
import Testing

@testable import DumpWriting

/// What the tests write: a memory with pages of each kind, and what must be in its dump.
enum WrittenMemory {
  /// The formats, with a name for messages.
  static let formats: [DumpFileFormat] = [
    .compressed(.zstd), .compressed(.zlib), .compressed(nil), .elf,
  ]

  /// Free pages, page cache, programs, a list of a processor, random, equal and repetitive pages.
  static let builder = CrashImageBuilder { builder in
    builder.setFree(0x400, order: 10)
    builder.setFree(0x320, order: 5)
    for frame in 0x300..<0x310 { builder.set(frame) { $0.flags = 1 << 5 } }
    for frame in 0x310..<0x318 { builder.set(frame) { $0.mapping = 0x1001 } }
    builder.setFreeCounter(1056)
    builder.setList(0, [0x3E0, 0x3E1, 0x3E2], count: 3)
    var random = SplitMix(seed: 7)
    for frame in Array(0x100..<0x180) + Array(0x300..<0x3F0) + Array(0x700..<0x720) {
      let page: [UInt8]
      switch frame % 5 {
      case 0: page = random.bytes(4096)
      case 1: page = Array("what is equal is stored once; ".utf8) + random.bytes(8)
      case 2: page = [UInt8](repeating: 0xCC, count: 4096)
      case 3: page = (0..<4096).map { UInt8(truncatingIfNeeded: ($0 * frame) >> 7) }
      default: page = []
      }
      builder.memory.store(page, at: 4096 * frame)
    }
  }

  static func image(_ builder: CrashImageBuilder = builder) throws -> CrashImage {
    try CrashImage(RandomAccessFile(SharedBytes(builder.bytes)))
  }

  /// The page `frame` of the memory.
  static func page(_ frame: Int, of builder: CrashImageBuilder = builder) -> [UInt8] {
    Array(builder.memory[(4096 * frame)..<(4096 * frame + 4096)])
  }

  /// Whether a page is left out at that level; 0x3E0 to 0x3E2 are free for a processor.
  static func isExcluded(_ frame: Int, level: UInt8) -> Bool {
    if 0x300..<0x310 ~= frame { return level & 6 != 0 }
    if 0x310..<0x318 ~= frame { return level & 8 != 0 }
    if 0x320..<0x340 ~= frame || 0x400..<0x800 ~= frame || 0x3E0..<0x3E3 ~= frame {
      return level & 16 != 0
    }
    return false
  }

  /// Writes a dump, and drops its mark.
  @discardableResult
  static func write(
    _ image: CrashImage, level: UInt8 = 31, _ format: DumpFileFormat = .compressed(.zstd),
    to output: MemoryOutput, _ change: (inout DumpWriter.Options) -> Void = { _ in }
  ) throws -> WrittenDump {
    var options = DumpWriter.Options()
    change(&options)
    let classification = try Classification(
      image, level: DumpLevel(rawValue: level), countsZeros: false)
    let writer = try DumpWriter(image, classification, format: format, options: options)
    let written = try writer.write(to: output.output) { _ in }
    #expect(written.byteCount <= writer.largestByteCount)
    #expect(UInt64(output.bytes.count) >= written.byteCount)
    try output.output.write(written.mark.bytes, at: written.mark.offset)
    return written
  }

  /// Checks that a dump has the pages that it must have, and no others.
  static func expectPages(
    _ file: RandomAccessFile, level: UInt8, of builder: CrashImageBuilder = builder,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let dump = try CrashImage(file)
    #expect(dump.frameCount == 2048 && dump.endFrame == 2048, sourceLocation: sourceLocation)
    #expect(dump.information == builder.vmcoreinfo, sourceLocation: sourceLocation)
    #expect(dump.processorCount == 2, sourceLocation: sourceLocation)
    var isELF = false
    if case .elf = dump.format.layout { isELF = true }
    for frame in 0..<2048 {
      let read = try? dump.pages(from: UInt64(frame), count: 1).array
      let page = Self.page(frame, of: builder)
      // An ELF file has no pages of zeros at levels that leave them out.
      let isZero = isELF && level & 1 != 0 && page.allSatisfy { $0 == 0 }
      let expected = isExcluded(frame, level: level) || isZero ? nil : page
      let isRight = read == expected
      #expect(isRight, "page \(frame) at level \(level)", sourceLocation: sourceLocation)
    }
  }

  /// Checks that the hashes are those of the file.
  static func expectHashes(_ written: WrittenDump, of bytes: [UInt8]) {
    var position: UInt64 = 0
    for chunk in written.chunks {
      #expect(chunk.offset == position && chunk.byteCount <= DumpWriter.chunkSize)
      position += chunk.byteCount
      var digest = SHA256()
      let shared = SharedBytes(Array(bytes[Int(chunk.offset)..<Int(position)]))
      digest.update(shared.span)
      let result = digest.finish()
      #expect((0..<32).map { result[$0] } == chunk.digest)
    }
    #expect(position == written.byteCount)
  }
}

extension CrashImageBuilder {
  /// VMCOREINFO, as it is read.
  var vmcoreinfo: VMCoreInfo { VMCoreInfo(information) }
}

extension DumpFileFormat: CustomTestStringConvertible {
  /// The name of the format.
  public var testDescription: String {
    switch self {
    case .compressed(let compression): compression?.rawValue ?? "plain"
    case .elf: "elf"
    }
  }
}
