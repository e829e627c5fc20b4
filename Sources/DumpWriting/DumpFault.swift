/// Something that is wrong with a dump: what, and where in the file. Offsets are those of the file inside a flattened one.
package enum DumpFault: Equatable, Sendable {
  /// A part of the file cannot be read: where, and the errno, or 0 where the file ends.
  case unreadable(offset: UInt64, errno: Int32)
  /// A flattened file has no end.
  case noEnd
  /// The file is shorter than it says itself: where its last page would end, and its size.
  case truncated(promised: UInt64, has: UInt64)
  /// The notes, which start at `offset`, do not have what every dump has: VMCOREINFO.
  case noInformation(offset: UInt64)
  /// The map of stored pages, at `offset`, has a page that the map of memory does not have.
  case storedButNotMemory(offset: UInt64, frame: UInt64)
  /// The descriptor at `offset`, of the page `frame`, cannot be right.
  case badDescriptor(offset: UInt64, frame: UInt64)
  /// What is at `offset` does not decompress to the page `frame`.
  case badPage(offset: UInt64, frame: UInt64)
  /// The page `frame`, at `offset`, is another than that of the source.
  case otherPage(offset: UInt64, frame: UInt64)
  /// The chunk from `offset` on has another hash than what was written.
  case otherDigest(offset: UInt64, byteCount: UInt64)
  /// A program header of an ELF file, by its number, has more bytes in the file than in memory, or ends behind the last
  /// address.
  case badSegment(Int)
}
