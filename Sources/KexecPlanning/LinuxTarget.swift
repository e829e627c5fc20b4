internal import BootProtocols
internal import KernelImages
internal import PhysicalMemory

/// What the planner must know about a Linux kernel for x86, whatever type of file it comes from.
struct LinuxTarget: Sendable {
  /// The setup header for boot_params, from 0x1F1 on.
  let header: [UInt8]
  /// How it is entered.
  let entry: LinuxEntry
  /// Whether it is entered with 4-level page tables that are made for it, because the running kernel has 5
  /// levels.
  var leavesFiveLevels = false
  /// Bytes of RAM that the kernel takes to start.
  let initSize: UInt64
  /// The highest type of setup_data that it understands; nil when it does not say.
  let highestSetupDataType: UInt32?
  /// Whether it takes EFI state from a kexec loader. XLF_EFI_KEXEC.
  let takesEFI: Bool
  /// The address behind the last byte that it reaches when it is entered.
  let addressEnd: UInt64
  /// The address behind the last byte that an initrd may use.
  let initrdEnd: UInt64

  /// "setup_type_max": no node of a higher type may be passed. Kernels before 2.15, which do not state it,
  /// skip nodes that they do not know.
  func understands(_ kind: SetupData.Kind) -> Bool {
    highestSetupDataType.map { kind.rawValue <= ($0 & ~SetupData.indirect) } ?? true
  }
}

extension LinuxTarget {
  /// The kernel in `image`, entered by `entry`.
  init(_ image: BzImage, entry: LinuxEntry) {
    header = image.headerBytes
    self.entry = entry
    initSize = image.initSize
    highestSetupDataType = image.highestSetupDataType
    takesEFI = image.extendedFlags.contains(.efiKexec)
    addressEnd = image.addressEnd(by: entry)
    initrdEnd = image.initrdAddressEnd(by: entry)
  }
}
