package import Compression
internal import ELFFormat

/// Kinds of files that users pass to a loader and that it cannot load. They are recognised by content so that
/// a message can name them.
package enum KnownImage: Hashable, Sendable {
  // Kernels.

  /// A kernel from before boot protocol 2.00, or a zImage.
  case zImage
  /// A unified kernel image in a place where only a kernel may be.
  case uki
  /// A network boot image: "NBI", or "beoboot", which have not worked in any loader for years.
  case nbi
  /// A boot image of the Scyld Beowulf clusters.
  case beoboot
  /// Compressed as a whole.
  case compressed(CompressionFormat)
  /// An ELF file of another machine or kind: e_machine.
  case elfOther(machine: UInt16)
  /// A kernel Image for another machine of that name.
  case otherImage(machine: String)
  /// An image for the boot loader U-Boot, for the machine of that name, if it is known.
  case ubootImage(machine: String?)

  // Files that are not kernels.

  /// An EFI program without a known kernel; for the machine of that name, if it is not for x86.
  case efiProgram(machine: String?)
  /// A user program, with its interpreter if it names one.
  case userProgram(interpreter: String?)
  /// An ELF file that was not linked: an object file, or a module of a kernel.
  case objectFile
  /// A dump of a program or of a crashed kernel.
  case coreDump
  /// A script, for this program.
  case script(interpreter: String)
  /// The path of another file, as in stubs of boot loaders.
  case path(String)
  /// Text that starts with this.
  case text(start: String)
  /// An initrd given as the kernel.
  case cpio
  /// An archive in the format of this name.
  case archive(String)
  /// A flattened device tree.
  case deviceTree
  /// A file system or a disk in the format of this name.
  case disk(String)
  /// A boot sector: code that ends with 55 AA.
  case bootSector

  /// Whether it is a kernel in any form.
  package var isKernel: Bool {
    switch self {
    case .zImage, .uki, .nbi, .beoboot, .compressed, .elfOther, .otherImage, .ubootImage: true
    default: false
    }
  }
}

/// Names of processors by their numbers in file formats.
package enum MachineName {
  /// By e_machine of an ELF file; nil for a processor that Linux does not run on.
  package static func elf(_ machine: UInt16) -> String? {
    typealias Machine = ELFLayout.Machine
    return switch machine {
    case Machine.sparc: "sparc"
    case Machine.i386: "i386"
    case Machine.m68k: "m68k"
    case Machine.mips, Machine.mipsLittleEndian: "mips"
    case Machine.parisc: "parisc"
    case Machine.powerpc: "powerpc"
    case Machine.powerpc64: "powerpc64"
    case Machine.s390: "s390x"
    case Machine.arm: "arm"
    case Machine.superH: "sh"
    case Machine.sparc64: "sparc64"
    case Machine.ia64: "ia64"
    case Machine.x86_64: "x86_64"
    case Machine.arm64: "arm64"
    case Machine.riscv: "riscv"
    case Machine.loongarch: "loongarch"
    case Machine.alpha: "alpha"
    default: nil
    }
  }

  /// By the machine of a PE header; nil for an unknown one.
  static func pe(_ machine: UInt16) -> String? {
    switch machine {
    case PEHeader.machineI386: "i386"
    case PEHeader.machineX86_64: "x86_64"
    case 0x1C0, 0x1C2, 0x1C4: "arm"
    case 0xAA64: "arm64"
    case 0x5032, 0x5064: "riscv"
    case 0x6232, 0x6264: "loongarch"
    case 0x200: "ia64"
    case 0xEBC: "EFI byte code"
    default: nil
    }
  }

  /// By ih_arch of a U-Boot image; nil for an unknown one.
  static func uboot(_ machine: UInt8) -> String? {
    switch machine {
    case 2: "arm"
    case 3: "i386"
    case 5: "mips"
    case 7: "powerpc"
    case 22: "arm64"
    case 24: "x86_64"
    case 26: "riscv"
    default: nil
    }
  }
}
