/// A part of a kernel file that goes into memory as it is: a PT_LOAD program header, or what a
/// multiboot header names.
package struct LoadedPart: Equatable, Sendable {
  /// Where it is in the file, in bytes.
  package let fileOffset: Int
  /// Its bytes in the file.
  package let fileSize: Int
  /// Where it was linked to be in physical memory: p_paddr.
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
