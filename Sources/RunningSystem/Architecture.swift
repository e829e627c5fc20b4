internal import ELFFormat

/// A processor architecture of Linux, which a captured machine can have.
package enum Architecture: Hashable, Sendable {
  /// 64-bit x86: the only one that loads can be planned for.
  case x86_64
  /// x86 with a kernel or a processor of 32 bits.
  case i386
  /// 32-bit Arm.
  case arm
  /// 64-bit Arm.
  case arm64
  /// 64-bit RISC-V.
  case riscv64
  /// Another one, by its name or the ELF specification's number for it.
  case other(String)

  /// Its name by `uname -m` or in the kernel's source.
  package var name: String {
    switch self {
    case .x86_64: "x86_64"
    case .i386: "i386"
    case .arm: "arm"
    case .arm64: "arm64"
    case .riscv64: "riscv64"
    case .other(let name): name
    }
  }

  /// The architecture that users and distributions call `name`; nil for a name that nobody has.
  package init?(named name: String) {
    switch name {
    case "x86_64", "amd64", "x86-64", "x64": self = .x86_64
    case "i386", "i486", "i586", "i686", "x86": self = .i386
    case "arm64", "aarch64": self = .arm64
    case "riscv64": self = .riscv64
    case "ppc64", "ppc64le", "powerpc", "s390x", "loongarch64", "mips", "mips64", "riscv32",
      "sparc64", "m68k", "parisc", "alpha", "ia64":
      self = .other(name)
    case _ where name == "arm" || name.hasPrefix("armv") || name.hasPrefix("armhf"): self = .arm
    default: return nil
    }
  }

  /// The architecture with this `e_machine` of the ELF specification; `is64Bit` tells apart those that
  /// share a number.
  package init(elfMachine number: UInt16, is64Bit: Bool) {
    self =
      switch number {
      case ELFLayout.Machine.x86_64: .x86_64
      case ELFLayout.Machine.i386: .i386
      case ELFLayout.Machine.arm: .arm
      case ELFLayout.Machine.arm64: .arm64
      case ELFLayout.Machine.riscv: is64Bit ? .riscv64 : .other("riscv32")
      case ELFLayout.Machine.mips: .other("mips")
      case ELFLayout.Machine.powerpc: .other("powerpc")
      case ELFLayout.Machine.powerpc64: .other("ppc64")
      case ELFLayout.Machine.s390: .other("s390x")
      case ELFLayout.Machine.sparc64: .other("sparc64")
      case ELFLayout.Machine.loongarch: .other("loongarch64")
      default: .other("ELF machine \(number)")
      }
  }
}
