package import Compression
package import ELFFormat

/// The form of a dump's file.
package struct DumpFormat: Equatable, Sendable {
  /// How the memory is laid out in it.
  package enum Layout: Equatable, Sendable {
    /// An ELF core file with this many PT_LOADs.
    case elf(ELFWidth, segmentCount: Int)
    /// A kdump-compressed file: how its pages are compressed, which dump level it was made with, and whether it is one
    /// of several.
    case compressed(PageCompression?, level: UInt32, isSplit: Bool)
  }

  /// How the memory is laid out.
  package let layout: Layout
  /// Whether the file says itself that it is not complete.
  package let isMarkedIncomplete: Bool
  /// Bytes that the headers promise and the file does not have; of a kdump-compressed file, at least so many.
  package let missingByteCount: UInt64
  /// Whether the dump is inside a flattened file; nil when it is not, false when that file has no end.
  package let flattenedEnd: Bool?
  /// The flag of the method by which pages are compressed if it cannot be read, such as 4 for snappy; 0 otherwise.
  package var unknownCompression: UInt32 = 0
}
