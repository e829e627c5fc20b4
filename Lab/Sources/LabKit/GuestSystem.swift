import Foundation

/// The system of a guest.
public enum GuestSystem: Sendable {
  /// Busybox and the agent, both in the initramfs.
  case initramfs
  /// A small Debian 12 with systemd, kexec-tools and kdump-tools on a disk, made by
  /// `script/bootstrap`. The program under test replaces Debian's. Changes on the disk survive a
  /// jump.
  case debian
  /// The same Debian with the agent as its init instead of systemd: it starts faster, and scripts
  /// see another init.
  case debianWithoutSystemd

  /// The parameters that make the guest's first program enter this system; the next kernel needs
  /// them, too.
  public var commandLine: String {
    switch self {
    case .initramfs: ""
    case .debian: "lab.disk=systemd"
    case .debianWithoutSystemd: "lab.disk=agent"
    }
  }

  /// The path of the disk's file on this computer; nil if there is no disk.
  func disk(in workshop: Workshop) throws -> String? {
    guard self != .initramfs else { return nil }
    let disk = workshop.disks + "/debian.ext4"
    guard FileManager.default.fileExists(atPath: disk) else {
      throw Skip("there is no Debian to boot: see what script/bootstrap says")
    }
    return disk
  }
}
