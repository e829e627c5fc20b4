package import ByteCoding

/// Offsets and numbers of ELF files, executables and core files. Documented in elf(5).
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
  /// ELFDATA2MSB.
  package static let bigEndian: UInt8 = 2
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
    /// EM_SPARC.
    package static let sparc: UInt16 = 2
    /// EM_386.
    package static let i386: UInt16 = 3
    /// EM_68K.
    package static let m68k: UInt16 = 4
    /// EM_MIPS.
    package static let mips: UInt16 = 8
    /// EM_MIPS_RS3_LE.
    package static let mipsLittleEndian: UInt16 = 10
    /// EM_PARISC.
    package static let parisc: UInt16 = 15
    /// EM_PPC.
    package static let powerpc: UInt16 = 20
    /// EM_PPC64.
    package static let powerpc64: UInt16 = 21
    /// EM_S390.
    package static let s390: UInt16 = 22
    /// EM_ARM.
    package static let arm: UInt16 = 40
    /// EM_SH.
    package static let superH: UInt16 = 42
    /// EM_SPARCV9.
    package static let sparc64: UInt16 = 43
    /// EM_IA_64.
    package static let ia64: UInt16 = 50
    /// EM_X86_64.
    package static let x86_64: UInt16 = 62
    /// EM_AARCH64.
    package static let arm64: UInt16 = 183
    /// EM_RISCV.
    package static let riscv: UInt16 = 243
    /// EM_LOONGARCH.
    package static let loongarch: UInt16 = 258
    /// EM_ALPHA of Linux, a number that the specification does not have.
    package static let alpha: UInt16 = 0x9026
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
    /// e_flags.
    package static let flags = ELFField<UInt32, UInt32>(36, 48)
    /// The bit of `flags` that makedumpfile sets in a core file that is not complete.
    package static let isIncomplete: UInt64 = 1
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

  /// A note of a PT_NOTE part: Elf32_Nhdr and Elf64_Nhdr, which are the same. Its name and its description
  /// follow, each filled up to a multiple of `alignment`.
  package enum Note {
    /// n_namesz: bytes of the name with its NUL.
    package static let nameSize = Field<UInt32>(0)
    /// n_descsz.
    package static let descriptionSize = Field<UInt32>(4)
    /// n_type, whose meaning depends on the name.
    package static let type = Field<UInt32>(8)
    /// Bytes of the header.
    package static let size = 12
    /// What name and description are filled up to.
    package static let alignment = 4

    /// NT_PRSTATUS of "CORE": the registers of a processor.
    package static let processorStatus: UInt32 = 1
    /// NT_GNU_ABI_TAG of "GNU".
    package static let gnuABI: UInt32 = 1
    /// The system in the description of `gnuABI`.
    package static let gnuSystem = Field<UInt32>(0)
    /// The value of `gnuSystem` for Linux: ELF_NOTE_OS_LINUX.
    package static let gnuLinux: UInt32 = 0
    /// The build ID of a program of "Go".
    package static let goBuildID: UInt32 = 4
  }

  /// An entry of PT_DYNAMIC: Elf32_Dyn and Elf64_Dyn.
  package enum Dynamic {
    /// d_tag.
    package static let tag = ELFField<UInt32, UInt64>(0, 0)
    /// DT_NEEDED: a library that the program needs.
    package static let needed: UInt64 = 1

    /// Bytes of the entry.
    package static func size(_ width: ELFWidth) -> Int { width == .bits32 ? 8 : 16 }
  }

  /// A section header: Elf32_Shdr and Elf64_Shdr.
  package enum Section {
    /// sh_name: the offset of its name in the section of names.
    package static let name = Field<UInt32>(0)
    /// sh_offset.
    package static let offset = ELFField<UInt32, UInt64>(16, 24)

    /// Bytes of the header.
    package static func size(_ width: ELFWidth) -> Int { width == .bits32 ? 40 : 64 }
  }
}
