import Foundation

/// The system of a guest.
public enum GuestSystem: String, CaseIterable, Sendable {
  /// Busybox and the agent, both in the initramfs.
  case initramfs
  /// A small Debian 12 with systemd, kexec-tools and kdump-tools on a disk, made by
  /// `script/bootstrap`. The program under test replaces Debian's. Changes on the disk survive a
  /// jump.
  case debian
  /// The same Debian with the agent as its init instead of systemd: it starts faster, and scripts
  /// see another init.
  case debianWithoutSystemd
  /// Debian sid with systemd and without kexec-tools, made by `script/sid-disk`.
  case sid

  /// The parameters that make the guest's first program enter this system; the next kernel needs
  /// them, too.
  public var commandLine: String {
    switch self {
    case .initramfs: ""
    case .debian, .sid: "lab.disk=systemd"
    case .debianWithoutSystemd: "lab.disk=agent"
    }
  }

  /// The path of the disk's file on this computer; nil if there is no disk.
  func disk(in workshop: Workshop) throws -> String? {
    let (name, script) =
      switch self {
      case .initramfs: ("", "")
      case .debian, .debianWithoutSystemd: ("debian", "script/bootstrap")
      case .sid: ("sid", "script/sid-disk")
      }
    guard !name.isEmpty else { return nil }
    let disk = "\(workshop.disks)/\(name).ext4"
    guard FileManager.default.fileExists(atPath: disk) else {
      throw Skip("there is no \(name).ext4 to boot: see what \(script) says")
    }
    return disk
  }
}
