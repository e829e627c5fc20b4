package import ByteCoding
internal import ELFFormat

/// A kernel with a multiboot header, of the first or the second specification.
///
/// Documented in the GNU "Multiboot Specification", versions 0.6.96 and 2.0.
package struct MultibootKernel: Sendable {
  /// Which specification it follows.
  package enum Version: Equatable, Sendable {
    /// Multiboot 1.
    case one
    /// Multiboot 2.
    case two
  }

  /// Where a kernel may be moved, if a multiboot 2 header allows it or its ELF file is position-independent.
  package struct Relocation: Equatable, Sendable {
    /// The lowest address that it may be loaded at.
    package var lowest: UInt64
    /// The address behind the last byte that it may use.
    package var end: UInt64
    /// The alignment of its address: a power of two.
    package var alignment: UInt64
    /// Whether it wants to be as low as possible.
    package var prefersLow: Bool
  }

  /// Which specification it follows.
  package let version: Version
  /// The whole file.
  package let file: SharedBytes
  /// What goes into memory, lowest address first; below 4 GiB.
  package let parts: [LoadedPart]
  /// Where it is entered, in 32-bit mode.
  package let entry: UInt32
  /// Whether it asks for a certain graphics mode, which cannot be set now.
  package let wantsVideoMode: Bool
  /// Where it may be moved to; nil when it must be at the address that it was linked for.
  package let relocation: Relocation?

  /// Reads the kernel in `file`; nil when it has no header of that version.
  init?(_ file: SharedBytes, _ version: Version) throws(ImageError) {
    let header: MultibootHeader
    switch version {
    case .one:
      guard let found = try MultibootHeader(multiboot1: file.span) else { return nil }
      header = found
    case .two:
      guard let found = try MultibootHeader(multiboot2: file.span) else { return nil }
      header = found
    }
    self.version = version
    self.file = file
    wantsVideoMode = header.wantsVideoMode
    var relocation = header.relocation
    if let addresses = header.addresses {
      parts = [try addresses.part(ofFile: file.count)]
      entry = header.entry ?? 0
      guard header.entry != nil else {
        throw .badField(name: "entry_addr", offset: header.offset, found: 0, wanted: .insidePart)
      }
    } else {
      // A header without addresses belongs to an ELF file.
      guard ELFHeaders.isRecognised(in: file.span) else { return nil }
      let elf = try ELFFile(file.span)
      parts = elf.parts
      if relocation == nil, elf.isPositionIndependent {
        relocation = Relocation(
          lowest: .mebibytes(1), end: .gibibytes(4), alignment: elf.alignment, prefersLow: true)
      }
      guard let given = header.entry ?? UInt32(exactly: elf.entry) else {
        throw .badField(
          name: "e_entry", offset: ELFLayout.File.entry.wide.offset, found: elf.entry,
          wanted: .insidePart)
      }
      entry = given
    }
    self.relocation = relocation
    guard parts.contains(where: { $0.holds(UInt64(entry)) }) else {
      throw .badField(
        name: "entry", offset: header.offset, found: UInt64(entry), wanted: .insidePart)
    }
    for part in parts where part.physicalEnd > .gibibytes(4) {
      throw .badField(
        name: "load address", offset: header.offset, found: part.physicalEnd, wanted: .below4GiB)
    }
  }
}
