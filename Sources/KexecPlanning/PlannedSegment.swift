package import ByteCoding
package import PhysicalMemory

/// A segment of the next system, and where it goes.
package struct PlannedSegment: Sendable {
  /// What a segment is for.
  package enum Role: Equatable, Sendable {
    /// The kernel's protected-mode part, or a part of the unpacked kernel.
    case kernel
    /// boot_params, command line, setup_data and EFI map.
    case bootBlock
    /// The kernel's real-mode part, with the command line.
    case realMode
    /// Memory for the next kernel to work in, and nothing in it.
    case workspace
    /// Page tables for the return to a kernel that was left.
    case pageTables
    /// The code that runs between the kernels.
    case purgatory
    /// An initrd, by its place in the request.
    case initrd(Int)
    /// The headers that tell a crash kernel of the old memory: elfcorehdr.
    case coreHeader
    /// A multiboot module, by its place in the request.
    case module(Int)
  }

  /// What it is for.
  package let role: Role
  /// Its bytes; the destination is filled up with zeros.
  package let bytes: SharedBytes
  /// Where it goes: page-aligned at both ends.
  package let destination: PhysicalRange
  /// Whether the purgatory checks it: not itself, and not what the running kernel may rewrite.
  package var isChecked = true
}
