/// A part of a kernel file that is loaded unchanged: described by a PT_LOAD program header or by a multiboot
/// header.
package struct LoadedPart: Equatable, Sendable {
  /// Where it is in the file, in bytes.
  package let fileOffset: Int
  /// Its bytes in the file.
  package let fileSize: Int
  /// The physical address that it was linked for: p_paddr.
  package let physicalAddress: UInt64
  /// Its bytes in memory; those beyond the file's are zero.
  package let memorySize: UInt64

  /// The physical address behind the part; it does not overflow.
  package var physicalEnd: UInt64 { physicalAddress + memorySize }

  /// Whether the file has the `size` bytes that belong at `physical`.
  func holds(_ physical: UInt64, _ size: Int = 1) -> Bool {
    physical >= physicalAddress
      && physical &- physicalAddress <= UInt64(fileSize) &- UInt64(size)
      && fileSize >= size
  }
}
