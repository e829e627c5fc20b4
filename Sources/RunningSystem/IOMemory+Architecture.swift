internal import ByteCoding
internal import PhysicalMemory

// The kernel of each architecture lists its memory differently. The most reliable signs are names, such as
// those of a PC's firmware and interrupt controllers; then comes the address at which RAM begins.

extension IOMemory {
  /// The architecture that the form of the map suggests.
  var architecture: ArchitectureEvidence.Finding {
    if resources.contains(where: { $0.isOfPC }) { return .architecture(.x86_64) }
    if resources.contains(where: { $0.isOfOther }) { return .notX86 }
    return resources.contains(where: { $0.mayBeOfPC }) || ramBeginsBehindPCI
      ? .architecture(.x86_64) : .unknown
  }

  /// Whether RAM begins at 4 GiB, behind the window of a PC's PCI devices, as in an excerpt of the file.
  private var ramBeginsBehindPCI: Bool {
    resources.first { $0.name == "System RAM" }?.range.start.value == .gibibytes(4)
      && resources.contains { $0.depth == 0 && $0.name == "PCI Bus 0000:00" }
  }
}

extension IOMemory.Resource {
  /// In this range a PC has the memory of its screen and its BIOS, and never RAM.
  private static let hole = PhysicalRange(
    start: PhysicalAddress(.kibibytes(640)), end: PhysicalAddress(.mebibytes(1)))

  /// Whether only x86 has such a line.
  fileprivate var isOfPC: Bool {
    ["ACPI Tables", "ACPI Non-volatile Storage", "System ROM", "Video ROM", "Adapter ROM"]
      .contains(name)
      || ["IOAPIC ", "Local APIC", "HPET ", "PCI MMCONFIG", "Unknown E820 type", "pnp 0"]
        .contains { name.hasPrefix($0) }
  }

  /// Whether x86 never has such a line.
  fileprivate var isOfOther: Bool {
    if name == "System RAM", depth == 0 { return range.overlaps(Self.hole) }
    // On Arm and RISC-V the kernel begins a little behind a round address, on x86 at a multiple of 2 MiB, or
    // formerly at 1 MiB. arm64 lists reserved RAM in small letters, RISC-V lists the kernel as one image.
    if topLevelName == "System RAM" {
      return name == "reserved" || name == "Kernel image"
        || (name == "Kernel code" && !range.start.isAligned(to: .mebibytes(1)))
    }
    return depth == 0 && name.isOfDeviceTree
  }

  /// Whether x86 has such a line, and other architectures rarely have one.
  fileprivate var mayBeOfPC: Bool {
    switch name {
    case "System RAM":
      depth == 0
        && (range.start == Self.hole.end
          || !range.isEmpty && range.end <= Self.hole.start
            && range.last.value > 0)
    // The end of the 32-bit addresses is firmware's flash memory.
    case "Reserved":
      depth == 0 && range.end.value == .gibibytes(4) && range.start.value >= 0xFE00_0000
    default: false
    }
  }
}

extension String {
  /// Whether the device's name is one of a device tree: `pcie@60400000`, `fe007000.dma`.
  fileprivate var isOfDeviceTree: Bool {
    if let at = firstIndex(of: "@") {
      let unit = self[index(after: at)...].prefix { $0 != " " }
      return at != startIndex && !unit.isEmpty && unit.allSatisfy { $0.isHexDigit || $0 == "," }
    }
    let address = prefix { $0.isHexDigit }
    return address.count >= 6 && dropFirst(address.count).first == "."
  }
}
