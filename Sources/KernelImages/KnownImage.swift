package import Compression
internal import ELFFormat

/// Kinds of files that people give to a loader and that it does not load, recognised by content so that a
/// message can name them.
package enum KnownImage: Hashable, Sendable {
  // Kernels.

  /// A kernel of the time before the boot protocol 2.00, or a zImage.
  case zImage
  /// A unified kernel image, where only a kernel may be.
  case uki
  /// A network boot image: "NBI", or "beoboot", which have not worked in any loader for years.
  case nbi
  /// A boot image of the Scyld Beowulf clusters.
  case beoboot
  /// Compressed as a whole.
  case compressed(CompressionFormat)
  /// An ELF file of another machine or kind: e_machine.
  case elfOther(machine: UInt16)
  /// A kernel Image for another machine, by the name of that.
  case otherImage(machine: String)
  /// An image for the boot loader U-Boot, for the machine of that name, if it is known.
  case ubootImage(machine: String?)

  // What is no kernel.

  /// An EFI program that holds no kernel that we know; for the machine of that name, if it is not for x86.
  case efiProgram(machine: String?)
  /// A program for users of an operating system, started by this program if it says one.
  case userProgram(interpreter: String?)
  /// An ELF file that was not linked: an object file, or a module of a kernel.
  case objectFile
  /// A dump of a program or of a crashed kernel.
  case coreDump
  /// A script, for this program.
  case script(interpreter: String)
  /// The path of another file, as boot loaders' stubs hold it.
  case path(String)
  /// Text, which starts so.
  case text(start: String)
  /// An initrd given in the place of the kernel.
  case cpio
  /// An archive in the format of this name.
  case archive(String)
  /// A flattened device tree.
  case deviceTree
  /// A file system or a disk in the format of this name.
  case disk(String)
  /// What a BIOS starts from a disk: code with 55 AA at its end.
  case bootSector

  /// Whether it is a kernel, in whatever form.
  package var isKernel: Bool {
    switch self {
    case .zImage, .uki, .nbi, .beoboot, .compressed, .elfOther, .otherImage, .ubootImage: true
    default: false
    }
  }
}

/// Names of processors by the numbers that file formats have for them.
package enum MachineName {
  /// By e_machine of an ELF file; nil when it is not one that Linux runs on.
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

  /// By the machine of a PE header; nil when it is none that we know.
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

  /// By ih_arch of a U-Boot image; nil when it is none that we know.
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
