package import Compression

/// Why a file cannot be loaded as a kernel.
package enum ImageError: Error, Equatable, Sendable {
  /// The file ends before something that it must have: the byte where that ends, and the file's.
  case truncated(missing: ImagePart, needs: Int, has: Int)
  /// Nothing in the file says what it is. The first bytes are given for the message.
  case unrecognised(firstBytes: [UInt8])
  /// A known kind of image that cannot be loaded.
  case unsupported(KnownImage)
  /// The file is compressed, and the stream that starts at this byte cannot be unpacked.
  case notUnpacked(CompressionError, streamOffset: Int)
  /// The file is not an image of the type that the user named, but of another type, if that is known.
  case otherType(wanted: ImageType, found: ImageType?)
  /// A program header of an ELF file, by its number and its offset in the file, and the value that
  /// is wrong.
  case badPart(PartFault, index: Int, offset: Int, found: UInt64)
  /// A field, by its name in the specification, has a value that no kernel has.
  case badField(name: String, offset: Int, found: UInt64, wanted: FieldRule)
  /// Two sections of a unified kernel image have one name; the second one's header is at `offset`.
  case repeated(section: String, offset: Int)
  /// Something is wrong with what is in a section of a unified kernel image, which is at `offset`.
  indirect case inside(section: String, offset: Int, ImageError)
}

/// A part that an image must have.
package enum ImagePart: Equatable, Sendable {
  /// The setup header of a Linux kernel.
  case setupHeader
  /// The sectors that setup_sects counts.
  case realModePart
  /// The bytes that syssize counts.
  case protectedModePart
  /// The headers of this many sections of an EFI program.
  case sectionHeaders(Int)
  /// A section of a unified kernel image.
  case section(String)
  /// The header of an ELF file.
  case elfHeader
  /// The program headers of an ELF file.
  case programHeaders
  /// The bytes of an ELF program header, by its number, or of a multiboot header.
  case loadedPart(Int)
  /// The header of a multiboot kernel.
  case multibootHeader
}

/// What is wrong with a part to load.
package enum PartFault: Equatable, Sendable {
  /// p_filesz is more than p_memsz.
  case moreBytesThanMemory
  /// It extends beyond the last address.
  case beyondAddresses
  /// It begins before the part below it ends.
  case overlap
}

/// The rule that a field's value must follow.
package enum FieldRule: Equatable, Sendable {
  /// A power of two.
  case powerOfTwo
  /// More than the 0x200 bytes before the 64-bit entry.
  case beyond64BitEntry
  /// An offset behind the headers, which take this many bytes.
  case behindHeaders(Int)
  /// An offset behind a section, which ends there.
  case behindSection(String, end: Int)
  /// Large enough for a kernel.
  case sizeOfKernel
  /// 7F "ELF".
  case elfMagic
  /// Little-endian, of 32 or 64 bits.
  case littleEndianClass
  /// ET_EXEC or ET_DYN.
  case executable
  /// At least a program header.
  case programHeaderSize
  /// An address in the loaded bytes.
  case insidePart
  /// An address below 4 GiB.
  case below4GiB
  /// Anything but 0.
  case nonzero
  /// No unknown flag that must be understood.
  case knownFlags
  /// The type of a known tag, unless the tag is optional.
  case knownTag
  /// 0, for the protected mode of i386.
  case i386
  /// At least the 8 bytes of a tag's header, and not beyond the multiboot header.
  case tagSize
  /// LOADED_HIGH, as in every bzImage.
  case loadedHigh
  /// 0xAA55.
  case bootFlag
  /// At least the distance that jumps over the header.
  case jumpOverHeader(Int)
  /// The sectors before a section of code, which starts at that byte.
  case sectorsBefore(Int)
  /// Enough for the payload, in the field's unit.
  case behindPayload(Int)
  /// A possible size of a kernel in memory: at most 1 GiB.
  case sizeInMemory
  /// Addresses in ascending order: start, end of the data, end of the zeros; and a start that is not before
  /// that of the file.
  case orderedAddress
}
