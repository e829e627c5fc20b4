import ByteCoding
internal import CZlib
internal import CZstd

/// Makes kdump-compressed files of the memory of a `CrashImageBuilder`, version 6.
///
/// Offsets are written here a second time, so that a wrong one in the product is found.
package struct CompressedDumpBuilder: Sendable {
  package var image: CrashImageBuilder
  /// How pages are compressed: 1 for zlib, 2 for lzo, 0x20 for zstd, 0 for none.
  package var method: UInt32 = 1
  /// Bits beside it in the status, and in the flags of each page: kdumpling sets 4 there, compressed or not.
  package var otherStatus: UInt32 = 0
  package var otherFlags: UInt32 = 0
  /// Pages that are no RAM, and pages that are not in the file.
  package var missing: Set<Int> = []
  package var excluded: Set<Int> = []
  /// The pages whose descriptors are in this file of a split dump; nil for all.
  package var part: Range<Int>?
  package var version: UInt32 = 6
  /// bitmap_blocks: 2 for both maps; kdumpling writes that of one, 1.
  package var mapBlocks = 2
  /// Whether there is a second map.
  package var hasStoredMap = true

  package init(
    _ image: CrashImageBuilder, _ change: (inout CompressedDumpBuilder) -> Void = { _ in }
  ) {
    self.image = image
    change(&self)
  }

  /// Where things are in the file.
  package static let mapOffset = 3 * 4096
  package static let descriptors = 5 * 4096

  /// The bytes of the file.
  package var bytes: [UInt8] {
    let notes = image.notes
    let count = image.memory.count / 4096
    var file = [UInt8](repeating: 0, count: Self.descriptors)
    file.store(Array("KDUMP   ".utf8), at: 0)
    file.store(version, as: Field<UInt32>(8))
    file.store(Array("Linux".utf8), at: 12)
    file.store(Array((image.machine == 62 ? "x86_64" : "aarch64").utf8), at: 272)
    file.store(method | otherStatus, as: Field<UInt32>(424))
    file.store(UInt32(4096), as: Field<UInt32>(428))
    // The sub header with up to 8 KiB of notes, and one block for each map.
    precondition(104 + notes.count <= 2 * 4096, "too many notes")
    file.store(UInt32(2), as: Field<UInt32>(432))
    file.store(UInt32(mapBlocks), as: Field<UInt32>(436))
    file.store(UInt32(31), as: Field<UInt32>(4096 + 8))
    file.store(UInt32(part == nil ? 0 : 1), as: Field<UInt32>(4096 + 12))
    file.store(UInt64(4096 + 104), as: Field<UInt64>(4096 + 48))
    file.store(UInt64(notes.count), as: Field<UInt64>(4096 + 56))
    file.store(UInt64(part?.lowerBound ?? 0), as: Field<UInt64>(4096 + 80))
    file.store(UInt64(part?.upperBound ?? 0), as: Field<UInt64>(4096 + 88))
    file.store(UInt64(count), as: Field<UInt64>(4096 + 96))
    file.store(notes, at: 4096 + 104)
    var stored: [Int] = []
    for frame in 0..<count where !missing.contains(frame) {
      file[Self.mapOffset + frame / 8] |= 1 << UInt8(frame % 8)
      guard !excluded.contains(frame) else { continue }
      file[Self.mapOffset + 4096 + frame / 8] |= 1 << UInt8(frame % 8)
      if part?.contains(frame) ?? true { stored.append(frame) }
    }
    let descriptors = hasStoredMap ? Self.descriptors : Self.descriptors - 4096
    file.removeLast(Self.descriptors - descriptors)
    file += [UInt8](repeating: 0, count: 24 * stored.count)
    // Pages of zeros share their bytes.
    let zeros = [UInt8](repeating: 0, count: 4096)
    let zeroPlace = file.count
    file += zeros
    for (index, frame) in stored.enumerated() {
      let page = Array(image.memory[(4096 * frame)..<(4096 * frame + 4096)])
      var (place, size, flags) = (file.count, 4096, UInt32(0))
      if page == zeros {
        place = zeroPlace
      } else {
        let packed = Self.compress(page, method)
        let isSmaller = packed.count < 4096
        (size, flags) = isSmaller ? (packed.count, method) : (4096, 0)
        file += isSmaller ? packed : page
      }
      let base = descriptors + 24 * index
      file.store(UInt64(place), as: Field<UInt64>(base))
      file.store(UInt32(size), as: Field<UInt32>(base + 8))
      file.store(flags | otherFlags, as: Field<UInt32>(base + 12))
    }
    return file
  }

  private static func compress(_ page: [UInt8], _ method: UInt32) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 2 * page.count)
    var size = output.count
    switch method {
    case 1:
      var written = uLongf(size)
      let result = unsafe compress2(&output, &written, page, uLong(page.count), 1)
      precondition(result == Z_OK, "zlib did not compress a page")
      size = Int(written)
    case 2: return withLZO1X(page)
    case 0x20: size = unsafe ZSTD_compress(&output, output.count, page, page.count, 1)
    default: break
    }
    return Array(output[..<size])
  }

  /// A flattened file that has `bytes` in records of `size` bytes, written in the order that `order` makes of them.
  package static func flatten(
    _ bytes: [UInt8], size: Int, isComplete: Bool = true,
    order: ([(offset: Int, bytes: [UInt8])]) -> [(offset: Int, bytes: [UInt8])] = { $0 }
  ) -> [UInt8] {
    func bigEndian(_ value: Int64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> Int64(56 - 8 * $0)) }
    }
    var file = Array("makedumpfile\0\0\0\0".utf8) + bigEndian(1) + bigEndian(1)
    file += [UInt8](repeating: 0, count: 4096 - file.count)
    let records = stride(from: 0, to: bytes.count, by: size).map {
      (offset: $0, bytes: Array(bytes[$0..<min($0 + size, bytes.count)]))
    }
    for record in order(records) {
      file += bigEndian(Int64(record.offset)) + bigEndian(Int64(record.bytes.count)) + record.bytes
    }
    if isComplete { file += bigEndian(-1) + bigEndian(-1) }
    return file
  }
}
