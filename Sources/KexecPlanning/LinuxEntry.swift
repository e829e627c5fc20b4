internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

/// How a Linux kernel for x86 is entered. Documented in Documentation/arch/x86/boot.rst.
enum LinuxEntry: Equatable, Sendable {
  /// "64-bit Boot Protocol".
  case long
  /// "32-bit Boot Protocol": without paging, so that it does not matter what page tables the running
  /// kernel uses.
  case protected32

  /// The entry of `image` on `machine`: in 64-bit mode if that is possible and no other entry is asked for.
  ///
  /// - Throws: `PlanningError.protocolTooOld`.
  init(
    _ image: BzImage, choice: LoadOptions.EntryChoice, on machine: Machine
  ) throws(PlanningError) {
    if choice == .automatic, image.extendedFlags.contains(.has64BitEntry),
      image.copesWithPaging(of: machine)
    {
      self = .long
    } else {
      // In older versions boot_params and the command line had to lie at fixed addresses.
      guard image.version >= BootProtocol.v2_02 else {
        throw .protocolTooOld(image.versionText)
      }
      self = .protected32
    }
  }

  /// The purgatory's entry for a kernel whose first instruction is at `address`.
  func purgatoryEntry(
    at address: PhysicalAddress, bootParameters: PhysicalAddress
  ) -> PurgatoryParameters.Entry {
    switch self {
    case .long: .long(address: address.value, rsi: bootParameters.value)
    case .protected32:
      // Both were placed below 4 GiB.
      .protected32(
        .init(
          eip: UInt32(truncatingIfNeeded: address.value),
          esi: UInt32(truncatingIfNeeded: bootParameters.value)))
    }
  }
}

extension BzImage {
  /// Whether it can start in 64-bit mode on the page tables that the kernel of `machine` uses.
  ///
  /// XLF_5LEVEL alone is not enough: such a kernel switches to 4 levels by itself, and if it was entered in
  /// 64-bit mode, that resets the machine without a message.
  func copesWithPaging(of machine: Machine) -> Bool {
    let wanted: ExtendedLoadFlags = [.fiveLevelStart, .fiveLevelUse]
    return !machine.usesFiveLevelPaging || extendedFlags.isSuperset(of: wanted)
  }

  /// From the load address to the first instruction.
  func entryOffset(by entry: LinuxEntry) -> UInt64 {
    entry == .long ? UInt64(SetupHeader.entry64Offset) : 0
  }

  /// The address behind the last byte that the kernel itself may take. In 32-bit mode a kernel
  /// without tables of its own reaches 896 MiB.
  func kernelAddressEnd(by entry: LinuxEntry) -> UInt64 {
    switch entry {
    case .long: addressEnd(by: entry)
    case .protected32: min(.mebibytes(896), initrdAddressEnd(by: entry))
    }
  }

  /// The address behind the last byte that the kernel reaches when it is entered.
  func addressEnd(by entry: LinuxEntry) -> UInt64 {
    switch entry {
    case .long: extendedFlags.contains(.loadableAbove4GiB) ? .max : .gibibytes(4)
    case .protected32: .gibibytes(2)
    }
  }

  /// The address behind the last byte that an initrd may use: initrd_addr_max applies to all kernels that
  /// cannot reach beyond 4 GiB, and in 32-bit mode to all kernels.
  func initrdAddressEnd(by entry: LinuxEntry) -> UInt64 {
    let isHigh = entry == .long && extendedFlags.contains(.loadableAbove4GiB)
    return isHigh ? .max : min(addressEnd(by: entry), initrdAddressLimit + 1)
  }
}
