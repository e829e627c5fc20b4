internal import ByteCoding
internal import Compression
internal import CrashDumps

/// What a kdump-compressed file begins with, and where its parts are.
struct CompressedHeaders {
  /// The header, the sub header and the notes, in whole blocks, as they are in a complete file.
  let bytes: [UInt8]
  /// Where the first map is; the second follows.
  let maps: UInt64
  /// Bytes of each map.
  let mapSize: UInt64
  /// Where the status is.
  let statusOffset: UInt64 = UInt64(CompressedLayout.status.offset)
  /// The status of a complete file.
  let status: UInt32

  /// Where the descriptors start.
  var descriptors: UInt64 { maps + 2 * mapSize }

  /// The bytes with the incomplete mark.
  var incomplete: [UInt8] {
    var bytes = bytes
    bytes.store(status | CompressedLayout.isIncomplete, as: CompressedLayout.status)
    return bytes
  }

  /// The headers of a dump of `image`, of which the level leaves out pages.
  init(_ image: CrashImage, level: DumpLevel, compression: PageCompression?) {
    typealias Layout = CompressedLayout
    typealias Sub = CompressedLayout.SubHeader
    let notes = DumpNotes(image)
    let blocks = (Sub.size + notes.bytes.count).roundedUp(to: 4096) / 4096
    let endFrame = image.endFrame
    mapSize = ((endFrame + 7) / 8).roundedUp(to: 4096)
    maps = UInt64(1 + blocks) << 12
    status = compression.map { Layout.flag(of: $0) } ?? 0

    var bytes = [UInt8](repeating: 0, count: (1 + blocks) * 4096)
    bytes.store(Layout.magicValue, as: Layout.magic)
    bytes.store(Layout.currentVersion, as: Layout.version)
    bytes.store(image.systemNames, at: Layout.names)
    bytes.store(image.information.crashTime ?? 0, as: Layout.time)
    bytes.store(status, as: Layout.status)
    bytes.store(4096, as: Layout.blockSize)
    bytes.store(UInt32(blocks), as: Layout.subHeaderBlocks)
    bytes.store(UInt32(clamping: 2 * mapSize >> 12), as: Layout.mapBlocks)
    bytes.store(UInt32(clamping: endFrame), as: Layout.shortEndFrame)
    bytes.store(UInt32(image.processorCount), as: Layout.processorCount)

    let notesOffset = UInt64(4096 + Sub.size)
    bytes.store(image.physicalBase, as: Sub.physicalBase, base: 4096)
    bytes.store(UInt32(level.rawValue), as: Sub.level, base: 4096)
    if let information = notes.information {
      let place = notesOffset + UInt64(information.lowerBound)
      bytes.store(place, as: Sub.informationOffset, base: 4096)
      bytes.store(UInt64(information.count), as: Sub.informationSize, base: 4096)
    }
    bytes.store(notesOffset, as: Sub.notesOffset, base: 4096)
    bytes.store(UInt64(notes.bytes.count), as: Sub.notesSize, base: 4096)
    bytes.store(endFrame, as: Sub.endFrame, base: 4096)
    bytes.store(notes.bytes, at: Int(notesOffset))
    self.bytes = bytes
  }
}
