package import ELFFormat

/// Why something of a crash dump cannot be read.
package enum CrashImageError: Error, Equatable, Sendable {
  /// The headers of the ELF file cannot be read.
  case elf(ELFError)
  /// The file starts like no dump that is known: its first eight bytes.
  case otherFormat(UInt64)
  /// It is an ELF file, but not a core file: its e_type.
  case notCore(UInt16)
  /// The dump is of a computer that is not x86_64: its e_machine.
  case otherMachine(UInt16)
  /// The file could not be read at `offset`: the errno, or 0 where the file ends.
  case unreadable(offset: UInt64, errno: Int32)
  /// It is a kdump-compressed file of another version than 6.
  case otherVersion(UInt32)
  /// A field of a kdump-compressed file's header cannot be right: its name, and its value.
  case badHeader(String, UInt64)
  /// The descriptor of a page, which is at `offset`, cannot be right.
  case badDescriptor(offset: UInt64)
  /// Pages are compressed by a method that is not known: its flag.
  case otherCompression(UInt64)
  /// What is at `offset` does not decompress to the page with the address `physical`.
  case badPage(offset: UInt64, physical: UInt64)
  /// A record of a flattened file, which is at `offset`, cannot be right.
  case badRecord(offset: UInt64)
  /// VMCOREINFO lacks a key that is needed, or its value is none.
  case missingKey(String)
  /// There is no VMCOREINFO, in the notes or in the memory.
  case noInformation
  /// More bytes are asked for than any table of a kernel has: a size in the dump is wrong.
  case tooLarge(virtual: UInt64, count: Int)
  /// No page of the kernel is at this address.
  case notMapped(virtual: UInt64)
  /// The dump does not have the memory at this address.
  case notInDump(physical: UInt64)
}
