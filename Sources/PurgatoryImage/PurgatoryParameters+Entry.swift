extension PurgatoryParameters {
  /// How the next kernel is entered: the processor's mode, and the registers.
  package enum Entry: Sendable, Equatable {
    /// At physical address `address` in 64-bit mode with the old kernel's identity map; all other
    /// registers are 0.
    case long(address: UInt64, rsi: UInt64, rdi: UInt64 = 0)
    /// In 32-bit protected mode without paging and with flat segments (code 0x10, data 0x18). The
    /// purgatory must lie below 4 GiB.
    case protected32(Registers32)
    /// At offset 0x200 of the real-mode segment `segment`, which all data segments and the stack's share;
    /// devices and vectors are as the BIOS left them. The purgatory must lie below 4 GiB.
    case realMode(segment: UInt16, stackPointer: UInt16)
    /// At physical address `address` in 64-bit mode, on the old kernel's stack and with the page tables at
    /// `pageTables`: the return to a kernel that jumped with KEXEC_PRESERVE_CONTEXT.
    case back(address: UInt64, pageTables: UInt64)

    /// At physical address `address` in 64-bit mode with the page tables of 4 levels at `pageTables`, however
    /// many levels the old kernel uses. The purgatory must lie below 4 GiB.
    case fourLevels(address: UInt64, rsi: UInt64, pageTables: UInt32)

    /// From the start of a real-mode segment to the kernel's first instruction.
    private static let realModeOffset: UInt64 = 0x200

    /// Physical address of the first instruction.
    package var address: UInt64 {
      switch self {
      case .long(let address, _, _), .back(let address, _), .fourLevels(let address, _, _): address
      case .protected32(let registers): UInt64(registers.eip)
      case .realMode(let segment, _): 16 * UInt64(segment) + Self.realModeOffset
      }
    }
  }

  /// The registers at a 32-bit entry; those that are not named are 0.
  package struct Registers32: Sendable, Equatable {
    /// Physical address of the first instruction.
    package var eip: UInt32
    /// Multiboot: the loader's magic number.
    package var eax: UInt32
    /// Multiboot: physical address of the information.
    package var ebx: UInt32
    /// As the entry protocol requires.
    package var ecx: UInt32
    /// As the entry protocol requires.
    package var edx: UInt32
    /// Linux: physical address of boot_params.
    package var esi: UInt32
    /// As the entry protocol requires.
    package var edi: UInt32
    /// As the entry protocol requires.
    package var ebp: UInt32
    /// As the entry protocol requires; there is no stack if it is 0.
    package var esp: UInt32

    /// The first instruction at physical address `eip`, with the registers given.
    package init(
      eip: UInt32, eax: UInt32 = 0, ebx: UInt32 = 0, ecx: UInt32 = 0, edx: UInt32 = 0,
      esi: UInt32 = 0, edi: UInt32 = 0, ebp: UInt32 = 0, esp: UInt32 = 0
    ) {
      self.eip = eip
      self.eax = eax
      self.ebx = ebx
      self.ecx = ecx
      self.edx = edx
      self.esi = esi
      self.edi = edi
      self.ebp = ebp
      self.esp = esp
    }

    /// The order in which the instruction `popal` takes them from memory.
    var inOrderOfPop: [UInt32] { [edi, esi, ebp, esp, ebx, edx, ecx, eax] }
  }
}
