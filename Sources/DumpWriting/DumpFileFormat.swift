package import Compression

/// The form of a dump that is written.
package enum DumpFileFormat: Equatable, Sendable {
  /// A kdump-compressed file, and how its pages are compressed: nil leaves them as they are. Not LZO, which this program
  /// only reads.
  case compressed(PageCompression?)
  /// An ELF core file, whose pages are as they are.
  case elf
}
