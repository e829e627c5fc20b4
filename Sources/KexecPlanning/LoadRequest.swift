package import ByteCoding
package import Compression
package import ELFFormat
package import KernelImages
package import PhysicalMemory

/// What the user asked for, with the files already open.
package struct LoadRequest: Sendable {
  /// What the kernel is for.
  package enum Purpose: Equatable, Sendable {
    /// To be run by `kexec -e` or a reboot.
    case reboot
    /// To be run when the running kernel panics.
    case crash
  }

  /// Which system call may be used.
  package enum CallChoice: Equatable, Sendable {
    /// The one that jumps faster, or kexec_file_load where signatures are wanted.
    case automatic
    /// Only kexec_file_load.
    case fileOnly
    /// Only kexec_load.
    case segmentsOnly
  }

  /// Where the kernel is entered.
  package enum EntryChoice: Equatable, Sendable {
    /// In 64-bit mode where the kernel can, otherwise in 32-bit mode.
    case automatic
    /// In 32-bit mode. `--entry-32bit`.
    case protected32
    /// In real mode. `--real-mode`.
    case realMode

    /// The option that asks for it; nil for what needs none.
    var option: String? {
      switch self {
      case .automatic: nil
      case .protected32: "--entry-32bit"
      case .realMode: "--real-mode"
      }
    }
  }

  /// A file that the user named.
  package struct File: Sendable {
    /// The path as the user gave it.
    package let path: String
    /// All its bytes.
    package let bytes: SharedBytes
    /// Whether the bytes are a part of the file, or made up: a system call that reads files needs
    /// them in one of their own.
    package let isPart: Bool

    /// How the file was compressed as a whole, when `bytes` are what it unpacks to.
    package let packing: CompressionFormat?

    /// The file at `path`, which holds `bytes`.
    package init(
      path: String, bytes: SharedBytes, isPart: Bool = false, packing: CompressionFormat? = nil
    ) {
      self.path = path
      self.bytes = bytes
      self.isPart = isPart || packing != nil
      self.packing = packing
    }
  }

  /// How an ELF kernel is given its arguments.
  package enum ArgumentStyle: Equatable, Sendable {
    /// As Linux wants them: boot_params, also with an initrd. `--args-linux`.
    case linux
    /// As ELF boot notes. `--args-elf`.
    case elfNotes
    /// Not at all. `--args-none`.
    case none

    /// The option that asks for it.
    var option: String {
      switch self {
      case .linux: "--args-linux"
      case .elfNotes: "--args-elf"
      case .none: "--args-none"
      }
    }
  }

  /// A file that a multiboot kernel gets beside itself.
  package struct Module: Sendable {
    /// The file.
    package let file: File
    /// The file's path and its arguments, as the user gave them.
    package let text: String

    /// The module in `file`, called `text`.
    package init(file: File, text: String) {
      self.file = file
      self.text = text
    }
  }

  /// How the purgatory talks.
  package struct SerialConsole: Equatable, Sendable {
    /// The I/O port of the UART.
    package var port: UInt16
    /// Its rate in baud; 0 leaves it as it is.
    package var baud: UInt32
    /// Whether to say also that all went well.
    package var greets: Bool

    /// A UART at `port`.
    package init(port: UInt16, baud: UInt32, greets: Bool) {
      self.port = port
      self.baud = baud
      self.greets = greets
    }
  }

  /// Two random numbers for KASLR.
  package struct RandomNumbers: Equatable, Sendable {
    /// Chooses the virtual address.
    package var virtual: UInt64
    /// Chooses the physical address.
    package var physical: UInt64

    /// The numbers.
    package init(virtual: UInt64, physical: UInt64) {
      self.virtual = virtual
      self.physical = physical
    }

    /// The numbers that always follow from `seed`, by SplitMix64, so that a draw can be repeated.
    package init(seed: UInt64) {
      func number(_ index: UInt64) -> UInt64 {
        var value = seed &+ index &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
      }
      self.init(virtual: number(1), physical: number(2))
    }
  }

  /// What the kernel is for.
  package var purpose: Purpose = .reboot
  /// Which system call may be used.
  package var call: CallChoice = .automatic
  /// The kernel.
  package var kernel: File
  /// The initrds, to be joined in this order.
  package var initrds: [File] = []
  /// A device tree for the kernel, if any. `--dtb`.
  package var deviceTree: File?
  /// Whether the running kernel is asked to use no contiguous memory for its copy. `--no-cma`.
  package var avoidsContiguousMemory = false
  /// Whether the running kernel is asked to hand its device tree on. `--force-dtb`.
  package var forcesDeviceTree = false
  /// How an ELF kernel is given its arguments; nil for what the file suggests.
  package var arguments: ArgumentStyle?
  /// The modules of a multiboot kernel, in order. `--module`.
  package var modules: [Module] = []
  /// The command line from `--command-line`, if any.
  package var commandLine: String?
  /// The image that kernel, initrd and command line come from, if it is a unified one.
  package var unifiedImage: UnifiedKernelImage?
  /// What `--append` adds, in order.
  package var appended: [String] = []
  /// Whether the running kernel's command line is the base. `--reuse-cmdline`.
  package var reusesCommandLine = false
  /// Whether the next kernel writes where the running one does. `--reuse-console`.
  package var reusesConsole = false
  /// The I/O port of the running kernel's serial console, for the purgatory; nil without
  /// `--reuse-console`.
  package var consolePort: UInt16?
  /// Whether the next system loads the modules of this one. `--preserve=modules`.
  package var preservesModules = false
  /// How the purgatory checks the segments before it enters the kernel.
  package var digest = DigestKind.komihash
  /// Whether the kernel is unpacked now rather than after the jump, where that is safe.
  /// `--no-fast` says no.
  package var unpacksKernel = true
  /// Whether initrds are unpacked now rather than after the jump, where there is memory for it.
  /// `--no-fast` says no.
  package var unpacksInitrds = true
  /// When this load happens, to be handed to the next system; nil when it is not to be.
  /// `--stamp`.
  package var stamps: TimeStamps?
  /// Random numbers that choose the next kernel's addresses; nil when there are none yet.
  package var randomNumbers: RandomNumbers?
  /// Segments lie inside this range. `--mem-min`, `--mem-max`.
  package var memoryBounds = PhysicalRange(
    start: PhysicalAddress(0), end: PhysicalAddress(.max))
  /// Whether EFI state is handed over. `--noefi` says no.
  package var handsOverEFI = true
  /// The port on which the purgatory talks; nil for `consolePort`, or COM1, and only about failures.
  package var serial: SerialConsole?
  /// Whether the purgatory puts the VGA into its text mode, so that the next kernel finds that.
  /// `--reset-vga`.
  package var resetsVGA = false
  /// Whether the purgatory writes on the VGA's text screen. `--console-vga`.
  package var writesOnVGA = false
  /// Whether the next kernel is told of firmware's picture though a graphics driver may have changed
  /// the mode. `--reuse-video-type`.
  package var reusesVideoType = false
  /// Whether the kernel can return to the running one. `--load-preserve-context`.
  package var preservesContext = false
  /// Where the kernel is entered.
  package var entry = EntryChoice.automatic
  /// How wide the headers are that tell a crash kernel of the old memory; nil for 64 bits.
  /// `--elf32-core-headers`, `--elf64-core-headers`.
  package var coreHeaderWidth: ELFWidth?
  /// Whether a crash kernel gets its memory map by words of its command line.
  /// `--pass-memmap-cmdline`.
  package var passesMemoryMap = false
  /// Whether the running kernel shall keep a crash kernel's headers true when processors and memory
  /// come and go. `--hotplug`.
  package var followsHotplug = false
  /// Random bytes for the next kernel's generator; nil when there are none yet.
  package var randomSeed: [UInt8]?

  /// What the device tree was given by: the option, or the section of a unified image; nil without one.
  var deviceTreeOption: String? { deviceTree.map { $0.isPart ? ".dtb" : "--dtb" } }

  /// A request for `kernel`, with everything else as it is without options.
  package init(kernel: File) {
    self.kernel = kernel
  }
}
