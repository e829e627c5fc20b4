/// A real kernel that the lab can boot.
public enum Kernel: String, CaseIterable, Sendable {
  /// Debian 12's kernel for clouds.
  case debian6_1 = "6.1"
  /// The kernel of Debian 13, as Debian 12 offers it for clouds.
  case debian6_12 = "6.12"

  /// What the release of this kernel starts with.
  var prefix: String { rawValue + "." }

  /// Where a guest finds the kernel when it carries it.
  public var path: String { "/boot/\(rawValue)" }

  /// The kernel's file on this computer.
  func file(in workshop: Workshop) throws -> String {
    try workshop.file(in: workshop.debian + "/boot", startingWith: "vmlinuz-" + prefix)
  }

  /// The folder of the kernel's modules on this computer; its name is the kernel's release.
  func modules(in workshop: Workshop) throws -> String {
    try workshop.file(in: workshop.debian + "/lib/modules", startingWith: prefix)
  }
}

/// The firmware of a virtual machine.
public enum Firmware: String, CaseIterable, Sendable {
  /// SeaBIOS, which QEMU brings along.
  case bios
  /// EDK II, from Debian's `ovmf`.
  case uefi

  /// The name that people use.
  public var name: String { rawValue.uppercased() }
}
