package import ByteCoding
package import Compression

/// Offsets of kdump-compressed files, version 6, of 64-bit computers.
package enum CompressedLayout {
  /// "KDUMP   ", the first eight bytes.
  package static let magicValue: UInt64 = 0x2020_2050_4D55_444B
  /// The same as a field.
  package static let magic = Field<UInt64>(0)

  /// header_version.
  package static let version = Field<UInt32>(8)
  /// The only version that there is here.
  package static let currentVersion: UInt32 = 6
  /// The six texts of struct utsname, of 65 bytes each, start here.
  package static let names = 12
  /// utsname.machine, the fifth of them, starts here.
  package static let machine = 272
  /// Bytes of each.
  package static let nameSize = 65
  /// timestamp.tv_sec: when the kernel crashed.
  package static let time = Field<UInt64>(408)
  /// 0 or one of `compressionFlags`, and perhaps `isIncomplete`.
  package static let status = Field<UInt32>(424)
  /// block_size: bytes of a page.
  package static let blockSize = Field<UInt32>(428)
  /// sub_hdr_size: blocks of the sub header and the notes.
  package static let subHeaderBlocks = Field<UInt32>(432)
  /// bitmap_blocks: blocks of both maps.
  package static let mapBlocks = Field<UInt32>(436)
  /// max_mapnr: `SubHeader.endFrame`, or all ones when that is larger.
  package static let shortEndFrame = Field<UInt32>(440)
  /// nr_cpus: how many processors have left their registers.
  package static let processorCount = Field<UInt32>(460)

  /// From the second block on.
  package enum SubHeader {
    /// phys_base.
    package static let physicalBase = Field<UInt64>(0)
    /// dump_level.
    package static let level = Field<UInt32>(8)
    /// split.
    package static let isSplit = Field<UInt32>(12)
    /// offset_vmcoreinfo: where the text is in the file.
    package static let informationOffset = Field<UInt64>(32)
    /// size_vmcoreinfo.
    package static let informationSize = Field<UInt64>(40)
    /// offset_note.
    package static let notesOffset = Field<UInt64>(48)
    /// size_note.
    package static let notesSize = Field<UInt64>(56)
    /// start_pfn_64.
    package static let start = Field<UInt64>(80)
    /// end_pfn_64.
    package static let end = Field<UInt64>(88)
    /// max_mapnr_64: the number behind that of the last page of RAM.
    package static let endFrame = Field<UInt64>(96)
    /// Bytes of the sub header; the notes follow.
    package static let size = 104
  }

  /// What says where a page is. There is one for each page in the file, in ascending order.
  package enum Descriptor {
    /// offset.
    package static let offset = Field<UInt64>(0)
    /// size.
    package static let byteCount = Field<UInt32>(8)
    /// flags: how the page is compressed; 0 when it is stored as it is.
    package static let flags = Field<UInt32>(12)
    /// Bytes of a descriptor.
    package static let size = 24
  }

  /// The bit of `status` of a file that is not complete.
  package static let isIncomplete: UInt32 = 8
  /// The bits of `status` and of a descriptor's flags that say how pages are compressed.
  package static let compressionFlags: UInt32 = 0x27

  /// The bit that says that pages are compressed so.
  package static func flag(of compression: PageCompression) -> UInt32 {
    switch compression {
    case .zlib: 1
    case .lzo: 2
    case .zstd: 0x20
    }
  }

  /// The method that `flags` name; nil when there is none that is known. Where several bits are set the lowest counts:
  /// kdumpling sets that of snappy beside each other one.
  package static func compression(of flags: UInt32) -> PageCompression? {
    let lowest = flags & compressionFlags & (0 &- (flags & compressionFlags))
    for compression in [PageCompression.zlib, .lzo, .zstd] where flag(of: compression) == lowest {
      return compression
    }
    return nil
  }
}

/// The headers of a kdump-compressed file.
package struct CompressedHeader {
  /// Whether the file is complete, and how pages are compressed.
  package let status: UInt32
  /// The dump level.
  package let level: UInt32
  /// The number behind that of the last page of RAM.
  package let endFrame: UInt64
  /// The pages that this file can have: all, or a part of them when the dump is split.
  package let part: Range<UInt64>
  /// Whether the dump is split.
  package let isSplit: Bool
  /// Where the map of RAM is.
  package let mapOffset: UInt64
  /// Bytes of each map.
  package let mapSize: UInt64
  /// Where the descriptors of the pages start.
  package let descriptors: UInt64
  /// Where the map is of the pages in the file: that of RAM, if the file has no other.
  package let storedMapOffset: UInt64
  /// Where the notes are in the file.
  package let notes: Range<UInt64>
  /// utsname.machine.
  package let machine: [UInt8]

  /// More pages than an x86_64 computer can have: 2 to the power of 52 bytes.
  private static let frameLimit: UInt64 = 1 << 40

  /// How pages are compressed.
  package var compression: PageCompression? { CompressedLayout.compression(of: status) }

  /// Reads the headers of `file`.
  package init(_ file: RandomAccessFile) throws(CrashImageError) {
    typealias Layout = CompressedLayout
    typealias Sub = CompressedLayout.SubHeader
    let shared = try file.range(at: 0, count: 4096 + Sub.size)
    let bytes = shared.span
    let version: UInt32
    let (blockSize, blocks, mapBlocks): (UInt32, UInt32, UInt32)
    let (start, end): (UInt64, UInt64)
    do {
      version = try bytes.load(Layout.version)
      status = try bytes.load(Layout.status)
      blockSize = try bytes.load(Layout.blockSize)
      blocks = try bytes.load(Layout.subHeaderBlocks)
      mapBlocks = try bytes.load(Layout.mapBlocks)
      level = try bytes.load(Sub.level, base: 4096)
      isSplit = try bytes.load(Sub.isSplit, base: 4096) != 0
      start = try bytes.load(Sub.start, base: 4096)
      end = try bytes.load(Sub.end, base: 4096)
      endFrame = try bytes.load(Sub.endFrame, base: 4096)
      let offset = try bytes.load(Sub.notesOffset, base: 4096)
      let size = try bytes.load(Sub.notesSize, base: 4096)
      let (notesEnd, overflow) = offset.addingReportingOverflow(size)
      notes = overflow ? 0..<0 : offset..<notesEnd
    } catch {
      throw .unreadable(offset: file.byteCount, errno: 0)
    }
    guard version == 6 else { throw .otherVersion(version) }
    guard blockSize == 4096 else { throw .badHeader("block_size", UInt64(blockSize)) }
    mapOffset = (1 + UInt64(blocks)) << 12
    guard endFrame <= Self.frameLimit, endFrame.roundedUp(to: 8) / 8 <= UInt64(mapBlocks) << 12
    else { throw .badHeader("max_mapnr_64", endFrame) }
    let half = (UInt64(mapBlocks) / 2) << 12
    if endFrame.roundedUp(to: 8) / 8 <= half {
      mapSize = half
      storedMapOffset = mapOffset + mapSize
    } else {
      // There is only one map, or bitmap_blocks is the size of one, as kdumpling writes it.
      mapSize = UInt64(mapBlocks) << 12
      let isSecond = Self.isDescriptor(at: mapOffset + 2 * mapSize, in: file)
      storedMapOffset = isSecond ? mapOffset + mapSize : mapOffset
    }
    descriptors = storedMapOffset + mapSize
    part = isSplit && start < end ? start..<end : 0..<endFrame
    var machine: [UInt8] = []
    for index in 0..<Layout.nameSize {
      guard let byte = try? bytes.load(UInt8.self, at: Layout.machine + index), byte != 0 else {
        break
      }
      machine.append(byte)
    }
    self.machine = machine
  }

  /// Whether the first descriptor of a page can be at `place`.
  private static func isDescriptor(at place: UInt64, in file: RandomAccessFile) -> Bool {
    typealias Descriptor = CompressedLayout.Descriptor
    guard let bytes = try? file.bytes(at: place, count: Descriptor.size),
      let offset = try? bytes.span.load(Descriptor.offset),
      let size = try? bytes.span.load(Descriptor.byteCount)
    else { return false }
    return (1...4096).contains(size) && offset > place && offset <= file.byteCount - UInt64(size)
  }
}
