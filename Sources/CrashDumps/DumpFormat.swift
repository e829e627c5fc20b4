package import ELFFormat

/// The form of a dump's file.
package struct DumpFormat: Equatable, Sendable {
  /// How the memory is laid out in it.
  package enum Layout: Equatable, Sendable {
    /// An ELF core file with this many PT_LOADs.
    case elf(ELFWidth, segmentCount: Int)
  }

  /// How the memory is laid out.
  package let layout: Layout
  /// Whether the file says itself that it is not complete.
  package let isMarkedIncomplete: Bool
  /// Bytes that the headers promise and the file does not have.
  package let missingByteCount: UInt64
}
