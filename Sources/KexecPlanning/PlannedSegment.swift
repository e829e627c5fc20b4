package import ByteCoding
package import PhysicalMemory

/// A segment of a load, and where it goes.
package struct PlannedSegment: Sendable {
  /// What a segment is for.
  package enum Role: Equatable, Sendable {
    /// The kernel's protected-mode part, or a part of the unpacked kernel.
    case kernel
    /// boot_params, command line, setup_data and EFI map.
    case bootBlock
    /// The kernel's real-mode part, with the command line.
    case realMode
    /// Empty memory for the next kernel to work in.
    case workspace
    /// Page tables for entering a kernel that is not mapped by those in use.
    case pageTables
    /// The code that runs between the kernels.
    case purgatory
    /// An initrd, by its index in the request.
    case initrd(Int)
    /// The headers that describe the old memory to a crash kernel: elfcorehdr.
    case coreHeader
    /// A multiboot module, by its index in the request.
    case module(Int)
  }

  /// What it is for.
  package let role: Role
  /// Its bytes; the rest of the destination is filled with zeros.
  package let bytes: SharedBytes
  /// Where it goes: page-aligned at both ends.
  package let destination: PhysicalRange
  /// Whether the purgatory checks it. It does not check itself, nor what the running kernel may rewrite.
  package var isChecked = true
}
