import ByteCoding
import CrashDumps
import TestSupport
import Testing

@testable import DumpWriting

/// The checker finds each damage, and nothing in files that are right.
@Suite struct DumpCheckerTests {
  private typealias Descriptor = CompressedLayout.Descriptor
  private typealias Sub = CompressedLayout.SubHeader

  private static func check(
    _ bytes: [UInt8], _ written: WrittenDump? = nil, against source: CrashImage? = nil,
    extent: DumpChecker.Extent = .all
  ) throws -> DumpChecker.Result {
    try DumpChecker(RandomAccessFile(SharedBytes(bytes))).check(
      written, against: source, extent: extent)
  }

  @Test("Files that are right have no faults", arguments: WrittenMemory.formats)
  func rightFilesHaveNoFaults(format: DumpFileFormat) throws {
    for level: UInt8 in [0, 1, 31] {
      let output = MemoryOutput()
      let image = try WrittenMemory.image()
      let written = try WrittenMemory.write(image, level: level, format, to: output)
      let all = try Self.check(output.bytes, written, against: image)
      #expect(all.faults == [] && all.faultCount == 0 && all.missingPages == 0)
      #expect(all.checkedPages == all.promisedPages && all.promisedPages > 100)
      #expect(!all.isMarkedIncomplete)
      let some = try Self.check(output.bytes, written, against: image, extent: .samples(10))
      #expect(some.faults == [] && (10...20).contains(some.checkedPages))
      // Before the mark is dropped the hashes are right, too.
      var marked = output.bytes
      marked[Int(written.mark.offset)] ^= format == .elf ? 1 : 8
      let early = try Self.check(marked, written, extent: .samples(1))
      #expect(early.faults == [] && early.isMarkedIncomplete)
    }
    // Also that of a builder, which has no mark, no order and no hashes.
    let other = CompressedDumpBuilder(WrittenMemory.builder)
    #expect(try Self.check(other.bytes, against: try WrittenMemory.image()).faults == [])
    let source = try Self.check(WrittenMemory.builder.bytes, against: try WrittenMemory.image())
    #expect(source.faults == [] && source.checkedPages == 2048)
  }

  /// A damage, and the fault that is found.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let damage: @Sendable (inout [UInt8], Places) -> Void
    let fault: @Sendable (Places) -> DumpFault
  }

  /// Where something is in the file.
  struct Places: Sendable {
    let maps: UInt64
    let mapSize: UInt64
    let table: UInt64
    let dataStart: UInt64
    let byteCount: UInt64
    /// The first page that is compressed: its number, its descriptor and its data.
    let frame: UInt64
    let descriptor: UInt64
    let data: UInt64
    let size: UInt32
  }

  private static func places(_ bytes: [UInt8]) throws -> Places {
    let header = try CompressedHeader(RandomAccessFile(SharedBytes(bytes)))
    var index = 0
    var count: UInt64 = 0
    var found: (frame: UInt64, descriptor: Int)?
    for frame in 0..<2048 {
      let byte = bytes[Int(header.storedMapOffset) + frame / 8]
      guard byte >> UInt8(frame % 8) & 1 != 0 else { continue }
      count += 1
      let place = Int(header.descriptors) + index * Descriptor.size
      index += 1
      if found == nil, bytes.loadField(Descriptor.flags, base: place) != 0 {
        found = (UInt64(frame), place)
      }
    }
    let first = try #require(found)
    return Places(
      maps: header.mapOffset, mapSize: header.mapSize, table: header.descriptors,
      dataStart: header.descriptors + count * 24, byteCount: UInt64(bytes.count),
      frame: first.frame, descriptor: UInt64(first.descriptor),
      data: bytes.loadField(Descriptor.offset, base: first.descriptor),
      size: bytes.loadField(Descriptor.byteCount, base: first.descriptor))
  }

  private static func descriptor<Value: SendableMetatype>(
    _ name: String, _ field: Field<Value>, _ value: @escaping @Sendable (Places) -> Value
  ) -> Damage {
    Damage(testDescription: name) { (bytes, places) in
      bytes.store(value(places), as: field, base: Int(places.descriptor))
    } fault: {
      .badDescriptor(offset: $0.descriptor, frame: $0.frame)
    }
  }

  static let damages: [Damage] = [
    descriptor("an offset inside of the headers", Descriptor.offset) { $0.dataStart - 1 },
    descriptor("an offset that is no number of bytes", Descriptor.offset) { _ in .max },
    descriptor("no bytes", Descriptor.byteCount) { _ in 0 },
    descriptor("more bytes than a page", Descriptor.byteCount) { _ in 8193 },
    descriptor("another compression", Descriptor.flags) { _ in 4 },
    descriptor("a plain page that is too short", Descriptor.flags) { _ in 0 },
    Damage(testDescription: "data of another page") { (bytes, places) in
      bytes.store(places.dataStart, as: Descriptor.offset, base: Int(places.descriptor))
      bytes.store(4096, as: Descriptor.byteCount, base: Int(places.descriptor))
      bytes.store(0, as: Descriptor.flags, base: Int(places.descriptor))
    } fault: {
      .otherPage(offset: $0.dataStart, frame: $0.frame)
    },
    Damage(testDescription: "a page that does not decompress") { (bytes, places) in
      bytes[Int(places.data)] ^= 0xFF
    } fault: {
      .badPage(offset: $0.data, frame: $0.frame)
    },
    Damage(testDescription: "a page that ends behind the file") { (bytes, places) in
      bytes.store(places.byteCount - 1, as: Descriptor.offset, base: Int(places.descriptor))
    } fault: {
      .truncated(promised: $0.byteCount - 1 + UInt64($0.size), has: $0.byteCount)
    },
    Damage(testDescription: "a file that was cut") { (bytes, places) in
      bytes.removeLast(Int(places.byteCount - places.dataStart) + 1)
    } fault: {
      .truncated(promised: $0.dataStart, has: $0.dataStart - 1)
    },
    Damage(testDescription: "a file that was cut in its maps") { (bytes, places) in
      bytes.removeLast(Int(places.byteCount - places.table) + 1)
    } fault: {
      .unreadable(offset: $0.table - 1, errno: 0)
    },
    Damage(testDescription: "a page that is not memory") { (bytes, places) in
      bytes[Int(places.maps) + Int(places.frame / 8)] &= ~(1 << UInt8(places.frame % 8))
    } fault: {
      .storedButNotMemory(
        offset: $0.maps + $0.mapSize + $0.frame / 64 * 8, frame: $0.frame)
    },
    Damage(testDescription: "a page behind the last") { (bytes, places) in
      bytes[Int(places.maps + places.mapSize) + 256] |= 1
    } fault: {
      .storedButNotMemory(offset: $0.maps + $0.mapSize + 256, frame: 2048)
    },
    Damage(testDescription: "notes that are elsewhere") { (bytes, _) in
      bytes.store(8192 * 5, as: Sub.notesOffset, base: 4096)
    } fault: { _ in
      .noInformation(offset: 8192 * 5)
    },
  ]

  @Test("Each damage is found, and where", arguments: damages)
  func damagesAreFound(damage: Damage) throws {
    let output = MemoryOutput()
    let image = try WrittenMemory.image()
    try WrittenMemory.write(image, to: output)
    var bytes = output.bytes
    let places = try Self.places(bytes)
    damage.damage(&bytes, places)
    let result = try Self.check(bytes, against: image)
    // Reading ends where the maps do.
    var expected = damage.fault(places)
    if case .unreadable = expected { expected = .unreadable(offset: UInt64(bytes.count), errno: 0) }
    #expect(result.faults.contains(expected), "\(result.faults.prefix(3))")
    #expect(result.faultCount >= UInt64(result.faults.count))
  }

  @Test("Any changed byte is found by its hash", arguments: WrittenMemory.formats)
  func changedBytesAreFound(format: DumpFileFormat) throws {
    let output = MemoryOutput()
    let written = try WrittenMemory.write(try WrittenMemory.image(), format, to: output)
    let size = output.bytes.count
    for place in stride(from: 5000, to: size, by: size / 9) {
      var bytes = output.bytes
      bytes[place] ^= 0x10
      let result = try Self.check(bytes, written, extent: .samples(1))
      let chunk = try #require(
        written.chunks.last { $0.offset <= UInt64(place) })
      #expect(
        result.faults.contains(
          .otherDigest(offset: chunk.offset, byteCount: chunk.byteCount)), "\(place)")
    }
    let cut = try Self.check(Array(output.bytes[..<(size - 5)]), written, extent: .samples(1))
    #expect(
      cut.faults.contains(.truncated(promised: UInt64(size), has: UInt64(size - 5))))
  }

  @Test("Faults of ELF files are found")
  func faultsOfELFFilesAreFound() throws {
    let output = MemoryOutput()
    let image = try WrittenMemory.image()
    try WrittenMemory.write(image, level: 0, .elf, to: output)
    let size = output.bytes.count
    // A byte of the last page.
    var bytes = output.bytes
    bytes[size - 1] ^= 1
    let changed = try Self.check(bytes, against: image)
    #expect(changed.faults == [.otherPage(offset: UInt64(size - 4096), frame: 2047)])
    let cut = try Self.check(Array(output.bytes[..<(size - 8192)]), against: image)
    #expect(cut.faults == [.truncated(promised: UInt64(size), has: UInt64(size - 8192))])
    #expect(cut.missingPages == 2)
    // p_filesz of the last PT_LOAD is more than its p_memsz.
    bytes = output.bytes
    let count = Int(bytes.loadField(Field<UInt16>(56)))
    bytes.store(UInt64(1) << 40, as: Field<UInt64>(64 + 56 * (count - 1) + 32))
    #expect(try Self.check(bytes).faults.contains(.badSegment(count - 1)))
    // No note.
    bytes = output.bytes
    bytes.store(UInt32(0), as: Field<UInt32>(64))
    #expect(try Self.check(bytes).faults == [.noInformation(offset: 0)])
  }
}
