package import ByteCoding

/// Where things are in ELF files, executables and core files alike, and their numbers. Documented in
/// elf(5).
package enum ELFLayout {
  /// "\u{7F}ELF", the first bytes.
  package static let magic = Field<UInt32>(0)
  /// The value of `magic`.
  package static let magicValue: UInt32 = 0x464C_457F
  /// EI_CLASS, an `ELFWidth`.
  package static let fileClass = Field<UInt8>(4)
  /// EI_DATA.
  package static let data = Field<UInt8>(5)
  /// EI_VERSION.
  package static let identVersion = Field<UInt8>(6)
  /// EI_CLASS and EI_DATA together.
  package static let classAndData = Field<UInt16>(4)

  /// ELFDATA2LSB.
  package static let littleEndian: UInt8 = 1
  /// EV_CURRENT.
  package static let currentVersion: UInt8 = 1

  /// What kind of file it is.
  package enum FileType {
    /// ET_REL.
    package static let relocatable: UInt16 = 1
    /// ET_EXEC.
    package static let executable: UInt16 = 2
    /// ET_DYN.
    package static let shared: UInt16 = 3
    /// ET_CORE.
    package static let core: UInt16 = 4
  }

  /// The processor that it is for.
  package enum Machine {
    /// EM_386.
    package static let i386: UInt16 = 3
    /// EM_X86_64.
    package static let x86_64: UInt16 = 62
  }

  /// The file's own header: Elf32_Ehdr and Elf64_Ehdr.
  package enum File {
    /// e_type.
    package static let type = Field<UInt16>(16)
    /// e_machine.
    package static let machine = Field<UInt16>(18)
    /// e_version.
    package static let version = Field<UInt32>(20)
    /// e_entry.
    package static let entry = ELFField<UInt32, UInt64>(24, 24)
    /// e_phoff.
    package static let programHeaders = ELFField<UInt32, UInt64>(28, 32)
    /// e_shoff.
    package static let sectionHeaders = ELFField<UInt32, UInt64>(32, 40)
    /// e_ehsize.
    package static let ownSize = ELFField<UInt16, UInt16>(40, 52)
    /// e_phentsize.
    package static let programHeaderSize = ELFField<UInt16, UInt16>(42, 54)
    /// e_phnum.
    package static let programHeaderCount = ELFField<UInt16, UInt16>(44, 56)
    /// e_shentsize.
    package static let sectionHeaderSize = ELFField<UInt16, UInt16>(46, 58)
    /// e_shnum.
    package static let sectionHeaderCount = ELFField<UInt16, UInt16>(48, 60)
    /// e_shstrndx.
    package static let sectionNames = ELFField<UInt16, UInt16>(50, 62)

    /// Bytes of the header.
    package static func size(_ width: ELFWidth) -> Int { width == .bits32 ? 52 : 64 }
  }

  /// A program header: Elf32_Phdr and Elf64_Phdr.
  package enum Program {
    /// p_type.
    package static let type = Field<UInt32>(0)
    /// p_offset.
    package static let offset = ELFField<UInt32, UInt64>(4, 8)
    /// p_vaddr.
    package static let virtual = ELFField<UInt32, UInt64>(8, 16)
    /// p_paddr.
    package static let physical = ELFField<UInt32, UInt64>(12, 24)
    /// p_filesz.
    package static let fileSize = ELFField<UInt32, UInt64>(16, 32)
    /// p_memsz.
    package static let memorySize = ELFField<UInt32, UInt64>(20, 40)
    /// p_flags.
    package static let flags = ELFField<UInt32, UInt32>(24, 4)
    /// p_align.
    package static let alignment = ELFField<UInt32, UInt64>(28, 48)

    /// Bytes of the header.
    package static func size(_ width: ELFWidth) -> Int { width == .bits32 ? 32 : 56 }

    /// PT_LOAD.
    package static let load: UInt32 = 1
    /// PT_DYNAMIC.
    package static let dynamic: UInt32 = 2
    /// PT_INTERP.
    package static let interpreter: UInt32 = 3
    /// PT_NOTE.
    package static let note: UInt32 = 4
    /// PF_R, PF_W and PF_X.
    package static let allAccess: UInt64 = 7
  }

  /// A section header: Elf32_Shdr and Elf64_Shdr.
  package enum Section {
    /// sh_name: where its name is in the section of names.
    package static let name = Field<UInt32>(0)
    /// sh_offset.
    package static let offset = ELFField<UInt32, UInt64>(16, 24)

    /// Bytes of the header.
    package static func size(_ width: ELFWidth) -> Int { width == .bits32 ? 40 : 64 }
  }
}
