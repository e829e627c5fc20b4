internal import ByteCoding
internal import PhysicalMemory

// Each architecture's kernel lists its memory in a way of its own. Names are the surest sign: those of a
// PC's firmware and interrupt controllers; then where RAM begins.

extension IOMemory {
  /// What the look of the map says of the architecture.
  var architecture: ArchitectureEvidence.Finding {
    if resources.contains(where: { $0.isOfPC }) { return .architecture(.x86_64) }
    if resources.contains(where: { $0.isOfOther }) { return .notX86 }
    return resources.contains(where: { $0.mayBeOfPC }) || ramBeginsBehindPCI
      ? .architecture(.x86_64) : .unknown
  }

  /// Whether the only RAM is what a PC has moved behind the window of its PCI devices below 4 GiB: an
  /// excerpt.
  private var ramBeginsBehindPCI: Bool {
    resources.first { $0.name == "System RAM" }?.range.start.value == .gibibytes(4)
      && resources.contains { $0.depth == 0 && $0.name == "PCI Bus 0000:00" }
  }
}

extension IOMemory.Resource {
  /// Between them a PC has the memory of its screen and its BIOS, and never RAM.
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
    // Arm and RISC-V have their kernel a little behind a round address, and x86 at a multiple of 2 MiB,
    // or long ago at the first. arm64 lists what is reserved in RAM in small letters, RISC-V the kernel
    // as one image.
    if topLevelName == "System RAM" {
      return name == "reserved" || name == "Kernel image"
        || (name == "Kernel code" && !range.start.isAligned(to: .mebibytes(1)))
    }
    return depth == 0 && name.isOfDeviceTree
  }

  /// Whether x86 has such a line, and others hardly.
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
  /// Whether a device tree has named the device: `pcie@60400000`, `fe007000.dma`.
  fileprivate var isOfDeviceTree: Bool {
    if let at = firstIndex(of: "@") {
      let unit = self[index(after: at)...].prefix { $0 != " " }
      return at != startIndex && !unit.isEmpty && unit.allSatisfy { $0.isHexDigit || $0 == "," }
    }
    let address = prefix { $0.isHexDigit }
    return address.count >= 6 && dropFirst(address.count).first == "."
  }
}
