internal import ByteCoding

/// Offsets in the headers of an ELF core file, which is the form that the memory of a crashed kernel
/// has. Documented in elf(5).
enum CoreLayout {
  static let magic = Field<UInt32>(0)
  static let magicValue: UInt32 = 0x464C_457F
  /// EI_CLASS: 1 for 32 bits, 2 for 64.
  static let fileClass = Field<UInt8>(4)
  /// EI_DATA: 1 for little-endian.
  static let data = Field<UInt8>(5)
  /// EI_VERSION.
  static let identVersion = Field<UInt8>(6)
  static let type = Field<UInt16>(16)
  static let machine = Field<UInt16>(18)
  static let version = Field<UInt32>(20)

  /// EV_CURRENT.
  static let currentVersion: UInt32 = 1
  /// ET_CORE.
  static let core: UInt16 = 4
  /// EM_X86_64.
  static let x86_64: UInt16 = 62
  /// PT_LOAD.
  static let load: UInt32 = 1
  /// PT_NOTE.
  static let note: UInt32 = 4
  /// PF_R, PF_W and PF_X.
  static let allAccess: UInt32 = 7

  /// Elf64_Ehdr behind its first 24 bytes, and Elf64_Phdr.
  enum Wide {
    static let headerSize = 64
    static let programHeaders = Field<UInt64>(32)
    static let ownSize = Field<UInt16>(52)
    static let programHeaderSize = Field<UInt16>(54)
    static let programHeaderCount = Field<UInt16>(56)

    static let segmentSize = 56
    static let type = Field<UInt32>(0)
    static let flags = Field<UInt32>(4)
    static let offset = Field<UInt64>(8)
    static let virtual = Field<UInt64>(16)
    static let physical = Field<UInt64>(24)
    static let fileSize = Field<UInt64>(32)
    static let memorySize = Field<UInt64>(40)
  }

  /// Elf32_Ehdr behind its first 24 bytes, and Elf32_Phdr.
  enum Narrow {
    static let headerSize = 52
    static let programHeaders = Field<UInt32>(28)
    static let ownSize = Field<UInt16>(40)
    static let programHeaderSize = Field<UInt16>(42)
    static let programHeaderCount = Field<UInt16>(44)

    static let segmentSize = 32
    static let type = Field<UInt32>(0)
    static let offset = Field<UInt32>(4)
    static let virtual = Field<UInt32>(8)
    static let physical = Field<UInt32>(12)
    static let fileSize = Field<UInt32>(16)
    static let memorySize = Field<UInt32>(20)
    static let flags = Field<UInt32>(24)
  }
}
