package import Compression

/// Why an initrd, or the rest of it, is passed on as it is.
package enum InitrdReason: Equatable, Sendable {
  /// Neither a cpio archive nor compressed.
  case unknownContent(offset: Int)
  /// A compressed archive that does not unpack.
  case corrupt(format: String, offset: Int)
  /// A compressed archive that wants more than this program has: memory, a filter, a dictionary. It
  /// starts at that byte of the file.
  case notUnpacked(CompressionError, offset: Int)
  /// Unpacked it would not fit beside the files in it.
  case tooLarge(limit: Int)
  /// Unpacked the segments have no place, or take too much of RAM.
  case noRoom
  /// It holds more archives than there are segments left.
  case tooManyParts(Int)
  /// It has files that a kernel would look for before it unpacks anything, and that it would not see
  /// after any other boot.
  case earlyFiles
}
