package import Compression

/// Why an initrd, or the rest of it, is loaded unchanged.
package enum InitrdReason: Equatable, Sendable {
  /// Neither a cpio archive nor compressed.
  case unknownContent(offset: Int)
  /// A compressed archive that does not unpack.
  case corrupt(format: String, offset: Int)
  /// A compressed archive that needs more than this program has: memory, a filter, a dictionary. It starts at
  /// that byte of the file.
  case notUnpacked(CompressionError, offset: Int)
  /// The unpacked archive would not fit into memory beside its files.
  case tooLarge(limit: Int)
  /// The unpacked segments find no free memory, or take too much of the RAM.
  case noRoom
  /// It holds more archives than there are segments left.
  case tooManyParts(Int)
  /// It has files that a kernel looks for before it unpacks anything, and would not find after another boot.
  case earlyFiles
}
