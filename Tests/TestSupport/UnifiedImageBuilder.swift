package import ByteCoding

/// Makes unified kernel images: an EFI program with the given sections. Every field of their
/// headers can be changed.
///
/// Offsets are written here a second time, so that a wrong one in the product is found.
package struct UnifiedImageBuilder: Sendable, CustomStringConvertible {
  /// A section. Fields that are nil get the values that a linker writes.
  package struct Section: Sendable {
    /// The name, at most eight bytes.
    package var name: String
    /// The bytes in the file.
    package var bytes: [UInt8]
    /// VirtualSize.
    package var virtualSize: UInt32?
    /// SizeOfRawData.
    package var rawSize: UInt32?
    /// PointerToRawData.
    package var rawOffset: UInt32?

    /// A section with these bytes.
    package init(_ name: String, _ bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }

    /// A section with this text.
    package init(_ name: String, _ text: String) {
      self.init(name, Array(text.utf8))
    }
  }

  /// The sections, in the file's order.
  package var sections: [Section]
  /// NumberOfSections, if it is not the number of `sections`.
  package var sectionCount: UInt16?
  /// Whether there is a certificate at the end.
  package var isSigned = false

  /// An image with these sections.
  package init(_ sections: [Section]) {
    self.sections = sections
  }

  private static let optionalHeader = 0x80 + 24
  private static let optionalHeaderSize = 0xF0

  /// The offset of the section headers.
  package static let sectionTable = optionalHeader + optionalHeaderSize

  /// The bytes of the file: headers, then each section at a multiple of 512 bytes.
  package var bytes: [UInt8] {
    var file = [UInt8](repeating: 0, count: Self.sectionTable + 40 * sections.count)
    file.store(Array("MZ".utf8), at: 0)
    file.store(UInt32(0x80), as: Field(0x3C))
    file.store(Array("PE".utf8), at: 0x80)
    file.store(UInt16(0x8664), as: Field(0x84))
    file.store(sectionCount ?? UInt16(sections.count), as: Field(0x86))
    file.store(UInt16(Self.optionalHeaderSize), as: Field(0x94))
    file.store(UInt16(0x20B), as: Field(Self.optionalHeader))
    for (index, section) in sections.enumerated() {
      file += [UInt8](repeating: 0, count: -file.count & 511)
      let header = Self.sectionTable + 40 * index
      let size = UInt32(section.bytes.count)
      file.store(Array(section.name.utf8).prefix(8), at: header)
      file.store(section.virtualSize ?? size, as: Field(header + 8))
      file.store(section.rawSize ?? (size + 511) & ~511, as: Field(header + 16))
      file.store(section.rawOffset ?? UInt32(file.count), as: Field(header + 20))
      file += section.bytes
    }
    file += [UInt8](repeating: 0, count: -file.count & 511)
    if isSigned {
      file.store(UInt32(file.count), as: Field(Self.optionalHeader + 144))
      file.store(UInt32(16), as: Field(Self.optionalHeader + 148))
      file += [UInt8](repeating: 0x30, count: 16)
    }
    return file
  }

  /// The names of the sections.
  package var description: String { sections.map(\.name).joined(separator: " ") }

  /// The file in the product's type.
  package var file: SharedBytes { SharedBytes(bytes) }
}
