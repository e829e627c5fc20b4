package import ELFFormat
package import KexecABI
package import KernelImages
package import PhysicalMemory

/// What a user can ask of a load: the parser fills it, the planner obeys it.
package struct LoadOptions: Equatable, Sendable {
  /// What the kernel is for.
  package enum Purpose: Equatable, Sendable {
    /// To be run by `kexec -e` or a reboot.
    case reboot
    /// To be run when the running kernel panics.
    case crash
  }

  /// Where the kernel is entered.
  package enum EntryChoice: Equatable, Sendable {
    /// In 64-bit mode where the kernel can, otherwise in 32-bit mode.
    case automatic
    /// In 32-bit mode. `--entry-32bit`.
    case protected32
    /// In real mode. `--real-mode`.
    case realMode

    /// The option that asks for it; nil for the default.
    var option: String? {
      switch self {
      case .automatic: nil
      case .protected32: "--entry-32bit"
      case .realMode: "--real-mode"
      }
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

  /// What the kernel is for.
  package var purpose = Purpose.reboot
  /// The only system call that may be used; nil for the one that jumps faster, or kexec_file_load
  /// where signatures are wanted.
  package var call: LoadCall?
  /// How the purgatory checks the segments before it enters the kernel. `--digest`, `--no-checks`.
  package var digest = DigestKind.komihash
  /// Whether kernel and initrds are unpacked now rather than after the jump, where that is safe and
  /// there is memory for it. `--no-fast` says no.
  package var isFast = true
  /// The seed of the random addresses; nil for the running kernel's generator. `--seed`.
  package var seed: UInt64?
  /// Segments lie inside this range. `--mem-min`, `--mem-max`.
  package var memoryBounds = PhysicalRange(
    start: PhysicalAddress(0), end: PhysicalAddress(.max))
  /// Whether the user has given bounds.
  package var hasMemoryBounds: Bool {
    memoryBounds.start.value != 0 || memoryBounds.end.value != .max
  }
  /// The type that the kernel's file must be of; nil for any. `--type`.
  package var imageType: ImageType?
  /// Where the kernel is entered.
  package var entry = EntryChoice.automatic
  /// Whether the kernel can return to the running one. `--load-preserve-context`.
  package var preservesContext = false
  /// Whether what the running kernel keeps for the next one may be dropped. `--drop-handover`.
  package var dropsHandover = false
  /// Whether the running kernel is asked to use no contiguous memory for its copy. `--no-cma`.
  package var avoidsContiguousMemory = false
  /// Whether the running kernel is asked to pass on its device tree. `--force-dtb`.
  package var forcesDeviceTree = false

  /// The paths of the initrds, to be joined in this order; `none` for an empty one. `--initrd`.
  package var initrds: [String] = []
  /// Whether a damaged initrd is loaded all the same. `--force-initrd`.
  package var forcesInitrd = false
  /// Whether the running kernel's initrd comes first. `--reuseinitrd`.
  package var reusesInitrd = false
  /// The path of a device tree for the kernel, if any. `--dtb`.
  package var deviceTree: String?
  /// The modules of a multiboot kernel, in order, each with its file's path as its first word.
  /// `--module`.
  package var modules: [String] = []
  /// How an ELF kernel is given its arguments; nil for what the file suggests.
  package var arguments: ArgumentStyle?
  /// The command line, if it is given. `--command-line`.
  package var commandLine: String?
  /// What `--append` adds, in order.
  package var appended: [String] = []
  /// Whether the running kernel's command line is the base. `--reuse-cmdline`.
  package var reusesCommandLine = false
  /// Whether the next kernel uses the consoles of the running one. `--reuse-console`.
  package var reusesConsole = false
  /// Whether the next kernel writes to the serial port before its consoles exist. `--early-output`.
  package var hasEarlyOutput = false
  static let earlyOutputName = "--early-output"
  /// Whether the next system loads the modules of this one. `--preserve=modules`.
  package var preservesModules = false
  /// Whether EFI state is handed over. `--noefi` says no.
  package var handsOverEFI = true
  /// Whether the next system is told when this load happens. `--stamp`.
  package var isStamped = false

  /// The width of the elfcorehdr, which describes the old memory to a crash kernel; nil for 64 bits.
  /// `--elf32-core-headers`, `--elf64-core-headers`.
  package var coreHeaderWidth: ELFWidth?
  /// Whether a crash kernel gets its memory map by parameters on its command line. `--pass-memmap-cmdline`.
  package var passesMemoryMap = false
  /// Whether the running kernel shall update the elfcorehdr when processors or memory are added or removed.
  /// `--hotplug`.
  package var followsHotplug = false

  /// The serial port on which the purgatory writes, by name or number; nil for the console that is
  /// reused, or ttyS0. `--serial`.
  package var serial: String?
  /// Its rate in baud; 0 leaves it as it is. `--serial-baud`.
  package var serialBaud: UInt32 = 0
  /// Whether the purgatory also reports success. `--console-serial`.
  package var greetsOnSerial = false
  /// Whether the purgatory writes on the VGA's text screen. `--console-vga`.
  package var writesOnVGA = false
  /// Whether the purgatory switches the VGA to text mode for the next kernel. `--reset-vga`.
  package var resetsVGA = false
  /// Whether the next kernel is told about firmware's framebuffer although a graphics driver may have changed
  /// the mode. `--reuse-video-type`.
  package var reusesVideoType = false

  /// The defaults.
  package init() {}
}
